# A sidecar with the benchmarks' stub child, and load on it; sourced, never run. Reads `build`, the
# folder of mcp-sidecar, bench_load and bench_stub; sets `sidecar`, its process id, and `port`.
# Works in a temporary folder without a .env; the script's exit removes both.
# shellcheck shell=bash
# shellcheck disable=SC2154
folder=$(mktemp -d)
sidecar=
clean_up() {
  [ -z "$sidecar" ] || kill "$sidecar" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT
cd "$folder" || exit
export MCP_MAX_CONNECTIONS=2000

listens() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start [TOOL…]: starts the sidecar on a free port, under a tool.
start() {
  port=$((20000 + RANDOM % 10000))
  while listens "$port"; do port=$((port + 1)); done
  "$@" "$build/mcp-sidecar" --port "$port" -- "$build/bench_stub" >log 2>&1 &
  sidecar=$!
  for _ in {1..600}; do
    listens "$port" && return
    kill -0 "$sidecar" 2>/dev/null || break
    sleep 0.1
  done
  cat log >&2
  die "mcp-sidecar did not start"
}
stop() {
  kill -TERM "$sidecar"
  wait "$sidecar" || true
  sidecar=
}
# load MODE [OPTION…]: see bench_load --help.
load() { "$build/bench_load" "$1" --port "$port" --stall 120 "${@:2}" >load.json || { cat load.json >&2; die "$1: the load failed"; }; }
