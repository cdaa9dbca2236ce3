// Loads the explorer at its first use: the MCP client is larger than the rest of the page.
import type { FunctionComponent, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { inWords } from '../base/api';
import { Empty, Problem } from '../ui/parts';

export function Explorer(): JSX.Element {
  const [state, setState] = useState<{ Loaded?: FunctionComponent; problem?: string }>({});
  useEffect(() => {
    import('../explorer/main').then(
      ({ ExplorerView }) => setState({ Loaded: ExplorerView }),
      (error: unknown) => setState({ problem: `The explorer could not be loaded: ${inWords(error)}` }),
    );
  }, []);
  if (state.problem) return <Problem>{state.problem}</Problem>;
  return state.Loaded ? <state.Loaded /> : <Empty title="Loading" />;
}
