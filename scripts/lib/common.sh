# shellcheck shell=bash disable=SC2034  # its variables are for the scripts that source it
# Shared by the scripts in the parent folder. Source it after `set -euo pipefail`.

root_dir="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." >/dev/null && pwd -P)"
# File name of the script that sources this, for its messages.
script_name="${0##*/}"

# Prints a line for the user. Never fails, because the terminal may be gone.
say() {
  printf '%s: %s\n' "$script_name" "$*" >&2 || true
}

fail() {
  say "$*"
  exit 1
}

# Prints the comment at the top of the calling script, which is its --help.
print_help() {
  sed -n '2,/^[^#]/ { s/^# \{0,1\}//p }' "$0"
}

# Prints all descendants of a process, each after its parent.
descendants() {
  local child
  for child in $(cat "/proc/$1/task/"*/children 2>/dev/null || true); do
    echo "$child"
    descendants "$child"
  done
}

# Sends SIGTERM to a process and its descendants, and waits for it. It must be a child of this shell.
end_tree() {
  local below
  below="$(descendants "$1")"
  # shellcheck disable=SC2086  # one argument per process
  kill -TERM "$1" $below 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# Prints the line of the current step. On a terminal it replaces the line before, until `step` ends it.
show_step() {
  local line="$script_name: $1" columns
  if [[ -t 2 ]]; then
    columns="$(stty size <&2 2>/dev/null | cut -d ' ' -f 2)" || true
    # A line that wraps could not be replaced.
    ((${columns:-0} < 20)) || line="${line:0:columns-1}"
    printf '\r\e[K%s' "$line" >&2 || true
  else
    printf '%s\n' "$line" >&2 || true
  fi
}

# Prints the last line of a step.
end_step() {
  show_step "$1"
  if [[ -t 2 ]]; then
    echo >&2 || true
  fi
}

# Prints how far a build is, if the log ends with ninja's lines: ", 12 of 82".
progress_in() {
  tail -c 4000 -- "$1" | sed -n 's/^\[\([0-9]*\)\/\([0-9]*\)\] .*/, \1 of \2/p' | tail -n 1
}

# step LOG TEXT COMMAND...: runs a program and appends its output to the file LOG. Shows what it does in one line, which
# is rewritten each second on a terminal; otherwise it prints a line at the start, every 15 s, and at the end. Says how
# long it took. If it failed, prints the end of the log.
step() {
  local log=$1 text=$2 started=$SECONDS show_s=15 status
  shift 2
  if [[ -t 2 ]]; then show_s=1; fi
  show_step "$text ..."
  # The pipe reports the end of the program without a timer process that could be left behind. A shell makes its
  # background commands ignore Ctrl-C; this one must not, unless the shell itself ignores it.
  exec {step_end}< <(
    status=0
    env "${step_signals[@]}" "$@" </dev/null >>"$log" 2>&1 || status=$?
    echo "$status"
  )
  step_pid=$!
  until read -r -t "$show_s" -u "$step_end" status; do
    (($? > 128)) || { status=1; break; }
    show_step "$text ... $((SECONDS - started)) s$(progress_in "$log")"
  done
  exec {step_end}<&-
  step_pid=
  if ((status != 0)); then
    end_step "$text: failed after $((SECONDS - started)) s"
    say "the end of $log:"
    tail -n 40 -- "$log" >&2 || true
    return 1
  fi
  end_step "$text: done in $((SECONDS - started)) s"
}
# Process of the current step, for a signal handler to stop; empty if there is none.
step_pid=

# Lets Ctrl-C, SIGTERM and a closing terminal stop the current step and the script.
steps_may_be_interrupted() {
  step_signals=(--default-signal=INT --default-signal=QUIT)
  trap 'if [[ -n $step_pid ]]; then end_tree "$step_pid"; fi; exit 130' INT TERM HUP
}

# Ignores these signals, so that a step runs to its end.
steps_must_finish() {
  step_signals=()
  trap '' INT TERM HUP
}

# Sets the array `as_root` to what a command needs in front of it to run as root. If there is no way, fails with
# the arguments as the message, which says what an administrator has to do.
find_root() {
  as_root=(env DEBIAN_FRONTEND=noninteractive)
  ((EUID != 0)) || return 0
  command -v sudo >/dev/null || fail "you are not root and there is no sudo: $*"
  # Asks for the password now, while nothing else writes to the terminal.
  sudo -v || fail "sudo refused: $*"
  as_root=(sudo "${as_root[@]}")
}

# Selects Debian's own compiler, whatever other c++ is in the PATH, unless CXX is set.
prefer_debian_compiler() {
  if [[ -z ${CXX-} && -x /usr/bin/g++-12 ]]; then
    export CXX=/usr/bin/g++-12
  fi
}
