# Functions shared by the scripts of this folder; sourced, never run. Sets `root`, the checkout's
# folder.
# shellcheck shell=bash
# shellcheck disable=SC2034
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else return 127
  fi
}

# Installs the named Debian packages that are missing; uses the network only then.
install_packages() {
  local package missing=()
  command -v dpkg-query >/dev/null || { say "not a Debian system: CMake will report missing packages"; return 0; }
  for package in "$@"; do
    case "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" in
      ii*) ;;
      *) missing+=("$package") ;;
    esac
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing: ${missing[*]}"
  as_root true || die "neither root nor sudo; run as root: apt-get install ${missing[*]}"
  # One dead source must not stop the script: the installation reports packages that are missing.
  as_root apt-get -qq update >&2 || say "apt-get update had errors; going on"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get could not install: ${missing[*]}"
}

# Node.js and npm. A Node from another source brings its own npm and conflicts with Debian's
# packages.
install_node() {
  if command -v node >/dev/null && command -v npm >/dev/null; then return 0; fi
  install_packages nodejs npm
}

# Debian 12 ships Boost 1.81 beside its default 1.74, which lacks Process v2; Debian 13's default is
# 1.83.
boost_version() {
  # shellcheck disable=SC1091
  case "$(. /etc/os-release 2>/dev/null; echo "${VERSION_CODENAME:-}")" in
    bookworm) echo 1.81 ;;
    *) echo 1.83 ;;
  esac
}

# Packages that the program's build needs.
build_packages() {
  echo g++ cmake ninja-build pkgconf \
    "libboost$(boost_version)-dev" "libboost-filesystem$(boost_version)-dev" \
    libcpp-httplib-dev nlohmann-json3-dev libsimdjson-dev libfmt-dev libspdlog-dev libexpected-dev \
    libcli11-dev prometheus-cpp-dev libssl-dev libcjose-dev libjansson-dev \
    libsqlite3-dev libsqlitecpp-dev libpq-dev zlib1g-dev
}

# Packages that the tests need in addition; `bench` and `full` need more than `quick`.
test_packages() {
  echo ccache catch2
  [ "$1" = quick ] && return
  echo libbenchmark-dev
  [ "$1" = bench ] && return
  echo chromium curl clang-format golang-go openssl postgresql sqlite3
  [ "$1" = full ] && echo clang clang-tidy libclang-rt-dev
}

# The Node that scripts/setup-node found or installed.
scripts_node() { echo "$("$root/scripts/setup-node" --path)/node"; }
