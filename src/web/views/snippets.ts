// Configuration snippets for clients, with this sidecar's address and a placeholder for the key.
export interface Snippet {
  client: string;
  parts: { title: string; text: string; note?: string }[];
}

const json = (value: unknown): string => JSON.stringify(value, null, 2);

// `base` has no slash at its end; `keys`: whether a key is needed.
export function snippets(base: string, keys: boolean): Snippet[] {
  const headers = keys ? { headers: { Authorization: 'Bearer YOUR_KEY' } } : {};
  const bearer = keys ? ` -H "Authorization: Bearer YOUR_KEY"` : '';
  const auth = keys ? '\nAuth:         Bearer Token, YOUR_KEY' : '';
  const servers = (server: object): string => json({ mcpServers: { 'my-server': server } });
  const remote = ['-y', 'mcp-remote', `${base}/mcp`, ...(keys ? ['--header', 'Authorization:${AUTH_HEADER}'] : [])];
  return [
    {
      client: 'Claude',
      parts: [
        { title: 'Claude Code', text: `claude mcp add --transport http my-server ${base}/mcp${keys ? ' --header "Authorization: Bearer YOUR_KEY"' : ''}` },
        {
          title: 'Claude Desktop, through mcp-remote',
          text: servers({ command: 'npx', args: remote, ...(keys ? { env: { AUTH_HEADER: 'Bearer YOUR_KEY' } } : {}) }),
          note: 'In claude_desktop_config.json; works with every version.',
        },
        { title: 'Custom connector', text: `Transport:    SSE\nURL:          ${base}/sse${auth}`, note: 'Settings → Connectors → Add custom connector.' },
      ],
    },
    {
      client: 'VAPI',
      parts: [
        {
          title: 'A tool of the kind MCP server',
          text: `Type:         MCP Server / SSE\nSSE URL:      ${base}/sse\nMessage URL:  ${base}/message${auth}`,
          note: 'The message URL carries no session: give each such client a key of its own.',
        },
        { title: 'As custom functions, without MCP', text: `curl ${base}/vapi/functions${bearer}`, note: 'Lists the tools in OpenAI’s format; POST vapi/call calls one.' },
      ],
    },
    {
      client: 'n8n',
      parts: [
        { title: 'Node MCP Client Tool', text: `Endpoint:     ${base}/mcp\nTransport:    HTTP Streamable${auth}` },
        {
          title: 'Node HTTP Request',
          text: `Method:   POST\nURL:      ${base}/call-tool\nHeaders:  Content-Type: application/json${keys ? '\n          Authorization: Bearer YOUR_KEY' : ''}\nBody:     { "name": "{{ $json.toolName }}", "arguments": {{ $json.args }} }`,
        },
      ],
    },
    { client: 'Cursor', parts: [{ title: '~/.cursor/mcp.json', text: servers({ url: `${base}/mcp`, ...headers }) }] },
    {
      client: 'curl',
      parts: [
        { title: 'List the tools', text: `curl ${base}/tools${bearer}` },
        { title: 'Call one', text: `curl -X POST ${base}/call-tool${bearer} \\\n  -H "Content-Type: application/json" -d '{"name": "NAME", "arguments": {}}'` },
        { title: 'Is it well?', text: `curl ${base}/health` },
      ],
    },
  ];
}
