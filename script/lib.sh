# Shared by the scripts: saying, stopping, and running steps so that Ctrl-C ends what they began.
# Needs bash alone. Paths may hold spaces: quote everything.

set -euo pipefail
# Each step gets a process group of its own, so that a signal reaches all of it.
set -m

root=$PWD
# A relative state folder is meant from where the person stands, not from here.
case ${GRIDWARDEN_HOME:-} in
  '' | /*) ;;
  *) export GRIDWARDEN_HOME=$OLDPWD/$GRIDWARDEN_HOME ;;
esac
python="$root/.venv/bin/python"
gridwarden="$root/.venv/bin/gridwarden"
host=${GRIDWARDEN_HOST:-127.0.0.1}
port=${GRIDWARDEN_PORT:-8000}
running=

say() { printf '%s\n' "$*"; }

# One sentence that says what to do, and status 1.
die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Ends the step that is under way, and waits for it.
end_step() {
  if [ -n "$running" ]; then
    kill -TERM -- "-$running" 2>/dev/null || true
    wait "$running" 2>/dev/null || true
    running=
  fi
}
trap 'end_step' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# run COMMAND…: with its output shown. Interruptible, unlike a plain foreground command.
run() {
  "$@" </dev/null &
  running=$!
  local status=0
  wait "$running" || status=$?
  running=
  return "$status"
}

# quietly "What is done" COMMAND…: output into a log, elapsed time on the screen, and the log's
# end when it fails.
quietly() {
  local what=$1 log begun=$SECONDS status=0
  shift
  log=$(mktemp)
  printf '%s …' "$what"
  "$@" </dev/null >"$log" 2>&1 &
  running=$!
  while kill -0 "$running" 2>/dev/null; do
    sleep 0.2
    if ((SECONDS > begun && (SECONDS - begun) % 5 == 0 && SECONDS != ${told:-0})); then
      printf ' %ss' "$((SECONDS - begun))"
      told=$SECONDS
    fi
  done
  wait "$running" || status=$?
  running=
  if ((status)); then
    printf ' failed\n'
    tail -n 15 "$log" >&2
  else
    printf ' done (%ss)\n' "$((SECONDS - begun))"
  fi
  rm -f "$log"
  return "$status"
}

# The address to ask the service at: 0.0.0.0 and :: mean every address of this machine.
near() {
  case $host in
    0.0.0.0) echo 127.0.0.1 ;;
    ::) echo ::1 ;;
    *) echo "$host" ;;
  esac
}

port_is_taken() { (exec 3<>"/dev/tcp/$(near)/$port") 2>/dev/null; }

# Before any work: a demo that cannot serve should say so in its first second.
need_port() {
  case $port in
    '' | *[!0-9]*) die "GRIDWARDEN_PORT is $port: set it to a number from 1 to 65535." ;;
  esac
  if port_is_taken; then
    die "Port $port of $host is in use: stop what uses it, or set GRIDWARDEN_PORT to a free one, such as $((port % 65535 + 1))."
  fi
}

# Whether the service on the port is ours and reaches its database.
is_ready() {
  (
    exec 3<>"/dev/tcp/$(near)/$port"
    printf 'GET /readyz HTTP/1.0\r\nHost: %s:%s\r\n\r\n' "$host" "$port" >&3
    head -n 1 <&3 | grep -q ' 200 '
  ) 2>/dev/null
}
