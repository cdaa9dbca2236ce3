// Outcomes of calls, with the names of mux/call.hpp and some of HTTP.

// The outcome of a JSON-RPC error of the sidecar; see mux/call.hpp.
export function outcomeOf({ result, error }) {
  if (error === undefined) return result?.isError ? 'tool_error' : 'result';
  if (error.code === -32001) return /Session not found/.test(error.message) ? 'no_session' : 'timeout';
  if (error.code === -32003) return 'busy';
  if (error.code === -32050) return 'error';
  if (error.code === -32000 && error.data?.reason) return 'child_died';
  if (error.code === -32602 && /not permitted/.test(error.message)) return 'forbidden';
  if (error.code === -32602 && /Unknown tool/.test(error.message)) return 'unknown_tool';
  return `error ${error.code}`;
}

// The outcome of an HTTP status without a JSON-RPC message.
const byStatus = { 401: 'no_key', 403: 'forbidden', 404: 'no_session', 429: 'busy', 503: 'unavailable', 504: 'timeout' };
export const outcomeOfStatus = (status) => byStatus[status] ?? `status ${status}`;

// The outcome of the error event of /call-tool-stream.
export function outcomeOfEvent(text) {
  if (text.includes('did not answer')) return 'timeout';
  return /the key or token of this call is revoked or has expired/.test(text) ? 'no_key' : 'child_died';
}

// A refusal at a limit has Retry-After.
export const mustSayWhen = (status) => status === 429 || status === 503;
