// The same call over REST as a shell command, without the key.
import { authEnabled } from '../live/state';
import { ownAddress } from '../views/connect';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export function curlFor(name: string, args: Record<string, unknown>): string {
  const key = authEnabled.value ? ' \\\n  -H "Authorization: Bearer YOUR_KEY"' : '';
  return `curl -X POST ${quoted(`${ownAddress()}/call-tool`)}${key} \\\n  -H "Content-Type: application/json" \\\n  -d ${quoted(JSON.stringify({ name, arguments: args }))}`;
}
