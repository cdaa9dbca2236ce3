// The frame: header, navigation, and the view that the address names.
import type { FunctionComponent, JSX } from 'preact';
import { useEffect } from 'preact/hooks';

import { route } from './base/route';
import { Header } from './header';
import { logIn } from './live/connection';
import { access, trouble } from './live/state';
import { Login } from './login';
import { Nav } from './nav';
import { Problem } from './ui/parts';
import { Calls } from './views/calls';
import { Connect } from './views/connect';
import { Explorer } from './views/explorer';
import { Log } from './views/log';
import { Overview } from './views/overview';
import { Sessions } from './views/sessions';

const forAdmins: Record<string, FunctionComponent> = { overview: Overview, sessions: Sessions, calls: Calls, log: Log };
const forAll: Record<string, FunctionComponent> = { tools: Explorer, resources: Explorer, prompts: Explorer, connect: Connect };

function View({ admin }: { admin: boolean }): JSX.Element {
  const views = admin ? { ...forAdmins, ...forAll } : forAll;
  const { view, item } = route.value;
  const Shown = views[view] ?? (admin ? Overview : Explorer);
  useEffect(() => {
    document.title = [item, view in views ? view : '', 'mcp-sidecar'].filter(Boolean).join(' · ');
  }, [view, item]);
  return <Shown />;
}

export function App(): JSX.Element {
  const now = access.value;
  if (now.step === 'starting') return <main class="login">{trouble.value && <Problem>{trouble.value}</Problem>}</main>;
  if (now.step === 'login') return <Login title="mcp-sidecar" problem={now.problem || trouble.value} onKey={logIn} />;
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById('main')?.focus())}>
        Skip to the content
      </a>
      <Header admin={now.admin} />
      <Nav admin={now.admin} />
      <main id="main" tabIndex={-1}>
        {trouble.value && <Problem>{trouble.value}</Problem>}
        {!now.admin && <p class="note banner">{now.why || 'This key is not an administrator’s'}: the tools, resources and prompts are here, the numbers are not.</p>}
        <View admin={now.admin} />
      </main>
    </div>
  );
}
