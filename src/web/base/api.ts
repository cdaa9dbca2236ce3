// Requests to the program that served this page. All addresses are relative, because a proxy may
// strip a prefix of the path.
import { authorization } from './key';

export const base = new URL('.', document.baseURI);

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter: number, // seconds; 0 without Retry-After
  ) {
    super(message);
  }
}

async function refusal(response: Response): Promise<Refused> {
  let message = `${response.status} ${response.statusText}`.trim();
  try {
    const body = (await response.json()) as { message?: unknown; error?: unknown };
    const said = body.message ?? body.error;
    if (typeof said === 'string' && said) message = said;
  } catch {
    // The answer of a proxy: only its status is known.
  }
  return new Refused(response.status, message, Number(response.headers.get('Retry-After')) || 0);
}

// Errors: Refused for every status but 2xx, TypeError without an answer.
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...authorization(), ...(init.headers as Record<string, string> | undefined) };
  const response = await fetch(new URL(path, base), { ...init, headers, cache: 'no-store' });
  if (!response.ok) throw await refusal(response);
  return response;
}

export const getJson = async <T>(path: string, init?: RequestInit): Promise<T> => (await (await request(path, init)).json()) as T;

// Text of an error for people.
export function inWords(error: unknown): string {
  if (error instanceof TypeError) return 'The sidecar does not answer.';
  return error instanceof Error ? error.message : String(error);
}
