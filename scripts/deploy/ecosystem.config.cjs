// PM2: pm2 start ecosystem.config.cjs; logs: pm2 logs mcp-sidecar
// One process, which serves thousands of sessions. Copies (`-i max`) would be rivals for its port: every one but the first
// refuses to run. Several wrapped servers: '--instances', 'N' in front of the '--'.
// A changed .env: kill -HUP "$(pm2 pid mcp-sidecar)"; `pm2 reload` is a restart.
module.exports = {
  apps: [
    {
      name: 'mcp-sidecar',
      script: '/opt/mcp-sidecar/bin/mcp-sidecar',
      interpreter: 'none',
      instances: 1,
      exec_mode: 'fork',
      args: ['--', 'node', 'dist/index.js'],
      cwd: '/opt/my-server', // where .env and dist/index.js are
      // PM2 signals every process below by default: the wrapped server would die under its calls. The sidecar ends it.
      treekill: false,
      kill_timeout: 10000, // ms; PM2's own 1600 would cut calls in flight
      // A fault in the settings: starting again would not mend it.
      stop_exit_codes: [2],
    },
  ],
};
