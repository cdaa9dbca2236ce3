// Data of GET dashboard/events and GET sessions. Times are ISO 8601; durations are seconds, or
// milliseconds where named ms.
export interface Hello {
  version: string;
  startedAt: string;
  command: string;
  publicUrl: string;
  authEnabled: boolean;
  latencyBounds: number[]; // upper bounds; one more bucket follows them
}

export interface Child {
  name: string;
  own: boolean; // of one session
  state: string;
  problem: string | null; // why it takes no calls
  pid: number | null;
  restarts: number;
  sessions: number;
  inFlight: number;
  lastExit: string | null;
  stderr: string[];
}

export interface Call {
  time: string;
  method: string;
  subject: string;
  outcome: string;
  ms: number;
  session: string;
  key: string;
  address: string;
  transport: string;
  client: string;
  error: string;
  requestBytes: number;
  answerBytes: number;
  server: string;
}

export interface LogLine {
  time: string;
  level: string;
  text: string;
}

export interface Tick {
  time: string;
  uptime: number;
  children: Child[];
  serverInfo: { name: string; version: string } | null;
  protocolVersion: string | null;
  sessions: number;
  inFlight: number;
  queued: number;
  calls: Record<string, number>; // since the start, by outcome
  latency: number[]; // since the start, by bucket
  refusals: Record<string, number>; // since the start, by reason
  recent: Call[];
  recentLeftOut: number;
  log: LogLine[];
  logLeftOut: number;
}

export interface Session {
  id: string;
  key: string;
  address: string;
  client: { name: string; version: string };
  transport: string;
  protocolVersion: string;
  child: string;
  age: number;
  idle: number;
  calls: number;
  inFlight: number;
  bytesIn: number;
  bytesOut: number;
  server: string;
}
