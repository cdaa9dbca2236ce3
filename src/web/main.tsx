import { render } from 'preact';

import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/views.css';
import './styles/form.css';

import { App } from './app';
import { begin } from './live/connection';

render(<App />, document.getElementById('app')!);
void begin();
