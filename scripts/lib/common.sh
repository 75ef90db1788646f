# shellcheck shell=bash disable=SC2034  # its variables are for those that source it
# What the scripts beside this folder share. To be sourced, after `set -euo pipefail`.

root_dir="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." >/dev/null && pwd -P)"
# The file name of the script that sources this, for its messages.
script_name="${0##*/}"

# A line for the person at the terminal. Never fails: the terminal may be gone.
say() {
  printf '%s: %s\n' "$script_name" "$*" >&2 || true
}

fail() {
  say "$*"
  exit 1
}

# Prints the comment at the head of the calling script, which is its --help.
print_help() {
  sed -n '2,/^[^#]/ { s/^# \{0,1\}//p }' "$0"
}

# All processes below a process, nearest first.
descendants() {
  local child
  for child in $(cat "/proc/$1/task/"*/children 2>/dev/null || true); do
    echo "$child"
    descendants "$child"
  done
}

# Asks a process and all below it to end, and waits for it. It must be a child of this shell.
end_tree() {
  local below
  below="$(descendants "$1")"
  # shellcheck disable=SC2086  # one argument a process
  kill -TERM "$1" $below 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# step LOG TEXT COMMAND...: runs a program with its output appended to the file LOG. Says what it
# does, every 15 s that it is still at it, and how long it took; if it failed, shows the log's end.
step() {
  local log=$1 text=$2 started=$SECONDS status
  shift 2
  say "$text ..."
  # The pipe is how its end is noticed without a timer process that could be left behind. A shell
  # lets its background commands ignore Ctrl-C; these must not, unless this shell does itself.
  exec {step_end}< <(
    status=0
    env "${step_signals[@]}" "$@" </dev/null >>"$log" 2>&1 || status=$?
    echo "$status"
  )
  step_pid=$!
  until read -r -t 15 -u "$step_end" status; do
    (($? > 128)) || { status=1; break; }
    say "  still at it ($((SECONDS - started)) s)"
  done
  exec {step_end}<&-
  step_pid=
  if ((status != 0)); then
    say "  failed after $((SECONDS - started)) s; the end of $log:"
    tail -n 40 -- "$log" >&2 || true
    return 1
  fi
  say "  done in $((SECONDS - started)) s"
}
# The process of the step under way, for a signal handler to end; empty if there is none.
step_pid=

# For Ctrl-C, SIGTERM and a terminal that goes away: steps end with the script...
steps_may_be_interrupted() {
  step_signals=(--default-signal=INT --default-signal=QUIT)
  trap 'if [[ -n $step_pid ]]; then end_tree "$step_pid"; fi; exit 130' INT TERM HUP
}

# ... or are finished first.
steps_must_finish() {
  step_signals=()
  trap '' INT TERM HUP
}

# How to run a command as root, in the array `as_root`. Ends the script where there is no way; the
# arguments then say what an administrator has to do.
find_root() {
  as_root=(env DEBIAN_FRONTEND=noninteractive)
  ((EUID != 0)) || return 0
  command -v sudo >/dev/null || fail "you are not root and there is no sudo: $*"
  # Asks for the password now, while nothing else writes to the terminal.
  sudo -v || fail "sudo refused: $*"
  as_root=(sudo "${as_root[@]}")
}

# Debian's own compiler, whatever c++ comes first or replaces it, unless CXX says otherwise.
prefer_debian_compiler() {
  if [[ -z ${CXX-} && -x /usr/bin/g++-12 ]]; then
    export CXX=/usr/bin/g++-12
  fi
}
