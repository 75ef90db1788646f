# shellcheck shell=bash disable=SC2154  # log_dir is the sourcing script's
# Supervises the programs of scripts/run: starts them, finds their ports, restarts those that die, and stops
# them. Source it after common.sh; `log_dir` must be set.
#
#   launch --> starting --"listening on HOST:PORT" in its log--> ready
#                 ^                                                |
#                 +---- delay over ---- dead <---- process ends ---+   (also from starting)
#
# Each program has a name, which is also the name of its log. The port always comes from the log of our own
# process, because other services on this machine may listen on the same port number.

declare -A command_of=()    # the command line without the port, one word per line; see `launch`
declare -A pid_of=()
declare -A port_of=()       # the requested port; once ready, the real one
declare -A log_start_of=()  # where the current process's part of the log begins
declare -A launched_at=()   # in seconds since this script started, like all times here
declare -A restart_at=()    # set while the program is dead
declare -A delay_s_of=()    # delay before the next restart
programs=()                 # the names, in start order

ready_timeout_s=60
restart_delay_s_max=30
# A program that ran this long is restarted quickly.
settled_after_s=60
stop_timeout_s=15

is_alive() {
  kill -0 "${pid_of[$1]}" 2>/dev/null
}

# launch NAME PORT: starts the command `command_of[NAME]`, with the port in place of @PORT@.
launch() {
  local name=$1 port=$2 words log="$log_dir/$1.log"
  # No eval: a signal trap that runs while bash parses would end the script with a syntax error.
  readarray -t words <<<"${command_of[$name]}"
  touch -- "$log"
  log_start_of[$name]=$(($(stat -c %s -- "$log") + 1))
  # The kernel kills the program if this script is killed with SIGKILL.
  setpriv --pdeathsig KILL "${words[@]/@PORT@/$port}" </dev/null >>"$log" 2>&1 &
  pid_of[$name]=$!
  port_of[$name]=$port
  launched_at[$name]=$SECONDS
}

log_of_current() {
  tail -c "+${log_start_of[$1]}" -- "$log_dir/$1.log"
}

# True if the program listens. Stores the port that its own log reports.
is_ready() {
  local port
  port="$(log_of_current "$1" | sed -n 's/.*listening on [^ ]*:\([0-9]\{1,5\}\).*/\1/p' | head -n 1)"
  [[ -n $port ]] && is_alive "$1" || return 1
  port_of[$1]=$port
}

wait_until_ready() {
  local end=$((SECONDS + ready_timeout_s))
  until is_ready "$1"; do
    is_alive "$1" && ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

# start NAME PORT COMMAND...: starts a program and waits until it is ready. If PORT is taken, uses a free one.
start() {
  local name=$1 port=$2
  shift 2
  printf -v "command_of[$name]" '%s\n' "$@"
  command_of[$name]="${command_of[$name]%$'\n'}"
  programs+=("$name")
  delay_s_of[$name]=1
  launch "$name" "$port"
  wait_until_ready "$name" && return
  if log_of_current "$name" | grep -q -i 'in use'; then
    say "port $port is taken by another program: $name uses a free one"
    launch "$name" 0
    wait_until_ready "$name" && return
  fi
  tail -n 5 -- "$log_dir/$name.log" >&2
  fail "$name did not start. Its log: $log_dir/$name.log"
}

# tend NAME: restarts the program on the same port if it has died. Call it about every second.
tend() {
  local name=$1
  if is_alive "$name"; then
    if [[ -v restarted[$name] ]] && is_ready "$name"; then
      unset "restarted[$name]"
      say "$name is back on port ${port_of[$name]}"
    fi
  elif [[ ! -v restart_at[$name] ]]; then
    ((SECONDS - launched_at[$name] < settled_after_s)) || delay_s_of[$name]=1
    say "$name stopped unexpectedly; restarting it in ${delay_s_of[$name]} s. Its log: $log_dir/$name.log"
    restart_at[$name]=$((SECONDS + delay_s_of[$name]))
    delay_s_of[$name]=$((delay_s_of[$name] * 2))
    ((delay_s_of[$name] <= restart_delay_s_max)) || delay_s_of[$name]=$restart_delay_s_max
  elif ((SECONDS >= restart_at[$name])); then
    unset "restart_at[$name]"
    restarted[$name]=yes
    launch "$name" "${port_of[$name]}"
  fi
}
declare -A restarted=()  # set from a restart until the program is ready

any_alive() {
  local name
  for name in "${!pid_of[@]}"; do
    is_alive "$name" && return
  done
  return 1
}

# Sends every program SIGTERM, waits for it, and kills those that take too long.
stop_programs() {
  local end=$((SECONDS + stop_timeout_s))
  ((${#pid_of[@]} > 0)) || return 0
  kill -TERM "${pid_of[@]}" 2>/dev/null || true
  while any_alive && ((SECONDS < end)); do
    sleep 0.05
  done
  kill -KILL "${pid_of[@]}" 2>/dev/null || true
  wait "${pid_of[@]}" 2>/dev/null || true
}
