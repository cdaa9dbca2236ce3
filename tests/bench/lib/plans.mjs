// The amount of work of each run.
export const plans = {
  full: {
    rounds: 5,
    seconds: 3,
    clients: [1, 16, 100, 1000],
    sessions: [100, 500, 1000, 2000],
    idle: { sessions: 10_000, seconds: 600, keepaliveMs: 30_000 },
    broadcast: 5000,
    starts: 21,
    growth: { calls: 1_000_000, sessions: 100_000 },
  },
  quick: {
    rounds: 1,
    seconds: 0.5,
    clients: [1, 100],
    sessions: [50, 100],
    idle: { sessions: 200, seconds: 4, keepaliveMs: 1000 },
    broadcast: 200,
    starts: 3,
    growth: { calls: 10_000, sessions: 400 },
  },
};
