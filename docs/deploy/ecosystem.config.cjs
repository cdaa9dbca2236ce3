// PM2: pm2 start ecosystem.config.cjs
// One process: `-i max` would give each a port of its own to want. The sidecar serves thousands of sessions in one.
module.exports = {
  apps: [
    {
      name: 'mcp-sidecar',
      script: '/opt/mcp-sidecar/bin/mcp-sidecar',
      interpreter: 'none',
      args: ['--', 'node', 'dist/index.js'],
      cwd: '/opt/my-server', // where .env and dist/index.js are
      // PM2 signals every process below by default: the wrapped server would die under its calls. The sidecar ends it.
      treekill: false,
      kill_timeout: 10000, // ms; PM2's own 1600 would cut calls in flight
    },
  ],
};
