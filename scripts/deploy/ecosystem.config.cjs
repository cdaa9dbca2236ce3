// PM2: pm2 start ecosystem.config.cjs; logs: pm2 logs mcp-sidecar
// One process serves thousands of sessions. Copies (`-i max`) would compete for its port: all but
// the first refuse to run. For several wrapped servers: '--instances', 'N' in front of the '--'.
// After a change of .env: kill -HUP "$(pm2 pid mcp-sidecar)"; `pm2 reload` is a restart.
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
      // By default PM2 signals all descendants: the wrapped server would end with calls open. The
      // sidecar ends it.
      treekill: false,
      kill_timeout: 10000, // ms; PM2's own 1600 would cut calls in flight
      // A fault in the settings: a restart does not help.
      stop_exit_codes: [2],
    },
  ],
};
