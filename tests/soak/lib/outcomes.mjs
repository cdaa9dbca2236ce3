// How calls end, by the names that mux/call.hpp has for it and some of HTTP's.

// What the sidecar means by an error; see mux/call.hpp.
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

// What an HTTP status says where there is no JSON-RPC message.
const byStatus = { 401: 'no_key', 403: 'forbidden', 404: 'no_session', 429: 'busy', 503: 'unavailable', 504: 'timeout' };
export const outcomeOfStatus = (status) => byStatus[status] ?? `status ${status}`;

// A refusal for want of room says when to come again.
export const mustSayWhen = (status) => status === 429 || status === 503;
