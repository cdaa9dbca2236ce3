import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { inWords, request } from '../base/api';
import { bytes, count, duration } from '../base/format';
import { address } from '../base/route';
import type { Session } from '../live/types';
import { Confirm, Empty, Problem, Search } from '../ui/parts';
import { Table, type Column } from '../ui/table';
import { useSessions } from './session_list';

const nameOf = ({ client }: Session): string => [client.name, client.version].filter(Boolean).join(' ');

export function Sessions(): JSX.Element {
  const { sessions, problem, refresh } = useSessions();
  const [search, setSearch] = useState('');
  const [failure, setFailure] = useState('');
  const end = async (session: Session): Promise<void> => {
    try {
      await request(`sessions/${encodeURIComponent(session.id)}`, { method: 'DELETE' });
      setFailure('');
    } catch (error) {
      setFailure(`The session ${session.id} did not end: ${inWords(error)}`);
    }
    refresh();
  };
  const columns: Column<Session>[] = [
    { name: 'Client', cell: (one) => <strong>{nameOf(one) || 'unnamed'}</strong>, class: 'grow' },
    { name: 'Session', cell: (one) => <code>{one.id}</code> },
    { name: 'Over', cell: (one) => one.transport },
    { name: 'MCP', cell: (one) => one.protocolVersion || '–' },
    { name: 'Key', cell: (one) => one.key || '–' },
    { name: 'Address', cell: (one) => one.address },
    { name: 'Process', cell: (one) => one.child },
    { name: 'Age', cell: (one) => duration(one.age), numeric: true },
    { name: 'Idle', cell: (one) => duration(one.idle), numeric: true },
    { name: 'Calls', cell: (one) => count(one.calls), numeric: true },
    { name: 'In flight', cell: (one) => count(one.inFlight), numeric: true },
    { name: 'In / out', cell: (one) => `${bytes(one.bytesIn)} / ${bytes(one.bytesOut)}`, numeric: true },
    { name: 'Act', cell: (one) => <Confirm label="End" question="End session?" what={one.id} onConfirm={() => end(one)} /> },
  ];
  const wanted = search.toLowerCase();
  const shown = (sessions ?? []).filter((one) => [nameOf(one), one.id, one.key, one.address, one.transport].some((text) => text.toLowerCase().includes(wanted)));
  return (
    <>
      <div class="bar">
        <h2>Sessions</h2>
        <Search label="Search sessions" value={search} onInput={setSearch} />
        <span class="note">{sessions && `${count(shown.length)} of ${count(sessions.length)}`}</span>
      </div>
      {(failure || problem) && <Problem>{failure || problem}</Problem>}
      {sessions?.length === 0 && (
        <Empty title="No client is connected">
          <a href={address('connect')}>Connect</a> one, and it appears here.
        </Empty>
      )}
      {sessions && sessions.length > 0 && shown.length === 0 && <Empty title="No session is like that">Try another word.</Empty>}
      {shown.length > 0 && <Table label="Sessions" columns={columns} rows={shown} keyOf={(one) => one.id} />}
    </>
  );
}
