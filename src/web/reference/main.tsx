// The reference page: openapi.json in Swagger UI. The key is asked for as on the dashboard.
import { render, type JSX } from 'preact';

import '../styles/base.css';
import '../styles/parts.css';
import '../styles/layout.css';
import 'swagger-ui-dist/swagger-ui.css';
import '../styles/reference.css';

import { getJson, inWords, Refused } from '../base/api';
import { setKey, startToken, takeStartToken } from '../base/key';
import { Login } from '../login';
import { Logo } from '../ui/icons';
import { Licences, Problem } from '../ui/parts';
import { show, type Document } from './viewer';

const app = document.getElementById('app')!;

const ask = (problem: string): void => render(<Login title="API reference" problem={problem} onKey={(key) => void open(key)} />, app);

const fail = (error: unknown): void =>
  render(
    <main class="login">
      <Problem>The description of the endpoints cannot be read: {inWords(error)}</Problem>
    </main>,
    app,
  );

const Frame = (): JSX.Element => (
  <>
    <header class="top">
      <a class="brand" href="./">
        <Logo />
        <span>
          <h1>API reference</h1>
          <small>Back to the dashboard</small>
        </span>
      </a>
    </header>
    <main class="reference" id="viewer" />
    <footer class="note">
      <Licences />
    </footer>
  </>
);

async function open(key: string): Promise<void> {
  setKey(key);
  let description: Document;
  try {
    description = await getJson<Document>('openapi.json');
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return ask(`This key is not accepted: ${error.message}.`);
    return fail(error);
  }
  render(<Frame />, app);
  await show(document.getElementById('viewer')!, description, key);
}

async function begin(): Promise<void> {
  takeStartToken();
  // Asked first, because a request without a needed key counts as a refusal.
  const { authEnabled } = await getJson<{ authEnabled: boolean }>('health');
  if (authEnabled) ask('');
  else await open(startToken.value);
}

begin().catch((error: unknown) => fail(error));
