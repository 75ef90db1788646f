# shellcheck shell=bash disable=SC2154  # root_dir is set by common.sh
# Which programs scripts/run starts, and whether the built ones are current. Source it after common.sh.

build_dir="$root_dir/build/release"
programs_built=(samoyed-worker samoyed-decoder samoyed-dispatcher clientsocket)
# scripts/build writes it: a digest of the sources, then those of the programs that were built from them.
stamp_file="$build_dir/bin/built-from"
# All steps of a first build, and the seconds that one core takes for them. CONTRIBUTING.md says how to measure both.
build_steps=100
build_core_s=830
# Installing all packages with a fast connection.
install_s=90

# Prints a digest of everything that the programs are built from. Times of files don't count: a fresh checkout has new
# ones.
digest_of_sources() {
  (
    cd -- "$root_dir"
    find CMakeLists.txt CMakePresets.json src include -name node_modules -prune -o -type f -print0 |
      LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
  )
}

digest_of_programs() {
  (cd -- "$build_dir/bin" && sha256sum -- "${programs_built[@]}")
}

# True if all programs are there, none lacks a library, and they are those that scripts/build made of these sources.
programs_are_current() {
  local program
  [[ -f $stamp_file ]] || return 1
  for program in "${programs_built[@]}"; do
    [[ -x $build_dir/bin/$program ]] || return 1
    ! ldd "$build_dir/bin/$program" 2>/dev/null | grep -q 'not found' || return 1
  done
  [[ "$(digest_of_sources && digest_of_programs)" == "$(<"$stamp_file")" ]]
}

# Prints how many steps a build would take now; nothing is built. 0 also stands for a build with tests, which must look
# for new files before it knows.
remaining_steps() {
  local last
  if [[ ! -f $build_dir/build.ninja ]] || ! command -v ninja >/dev/null; then
    echo "$build_steps"
    return
  fi
  last="$(ninja -C "$build_dir" -n -- "${programs_built[@]}" 2>/dev/null |
    sed -n '/Re-checking\|Re-running CMake/d; s/^\[[0-9]*\/\([0-9]*\)\] .*/\1/p' | tail -n 1)" || true
  echo "${last:-0}"
}

# Prints a number of seconds as a person would say it.
about() {
  if (($1 < 60)); then
    echo "less than a minute"
  elif (($1 < 90)); then
    echo "about a minute"
  else
    echo "about $((($1 + 30) / 60)) minutes"
  fi
}

# announce MISSING: says what a start has to do first, and about how long that takes. MISSING is the number of packages
# to install.
announce() {
  local missing=$1 steps cores seconds what=()
  steps="$(remaining_steps)"
  cores="$(nproc)"
  seconds=$((build_core_s * steps / build_steps / cores))
  if ((missing > 0)); then
    what+=("install $missing packages")
    seconds=$((seconds + install_s))
  fi
  if ((steps > 0)); then
    what+=("compile the programs ($steps steps, $cores at a time)")
  fi
  ((${#what[@]} > 0)) || return 0
  say "first it has to ${what[0]}${what[1]+ and ${what[1]}}, which takes $(about "$seconds")"
}
