// Resources of the idle sidecar.
import { readFileSync } from 'node:fs';

import { childrenOf, openDescriptors, residentBytes } from '../../clients/lib/processes.mjs';

const gauges = ['sessions', 'sse_streams', 'calls_in_flight', 'calls_waiting_bytes', 'child_stdin_queue_bytes', 'buffered_bytes', 'peer_requests', 'own_children', 'dashboard_readers', 'audit_queue_bytes'];

export async function footprint(program) {
  const metrics = await program.metrics();
  const descriptors = openDescriptors(program.pid);
  const status = readFileSync(`/proc/${program.pid}/status`, 'utf8');
  return {
    sockets: descriptors.sockets,
    'other descriptors': descriptors.others,
    threads: Number(status.match(/^Threads:\s+(\d+)/m)[1]),
    processes: childrenOf(program.pid).length,
    ...Object.fromEntries(gauges.map((name) => [name, metrics[name]])),
  };
}

export { residentBytes };

// The values of `now` that exceed those of before: a text for each.
export const grown = (before, now) =>
  Object.keys(now).filter((name) => !(now[name] <= before[name])).map((name) => `${name}: ${now[name]}, was ${before[name]}`);
