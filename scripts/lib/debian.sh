# shellcheck shell=bash disable=SC2154  # as_root is set by find_root
# Takes files from Debian's packages, which are downloaded and unpacked, not installed. Source it after common.sh.

# Updates the package lists if they are missing, as in a container whose build removed them.
update_lists_if_needed() {
  local package=$1 log=$2
  [[ -n "$(apt-cache show "$package" 2>/dev/null)" ]] && return
  find_root "ask an administrator to run 'apt-get update': apt doesn't know $package."
  step "$log" "Reading Debian's package lists" "${as_root[@]}" apt-get update || exit 1
}

# take_from_package PACKAGE WHAT FOLDER LOG FILE...: puts files of a package (paths without the leading slash)
# directly into FOLDER. Unpacks only these files, because a package may be a hundred times as large.
take_from_package() {
  local package=$1 what=$2 folder=$3 log=$4 work file
  shift 4
  mkdir -p -- "${log%/*}" "$folder"
  : >"$log"
  update_lists_if_needed "$package" "$log"
  work="$(mktemp -d -- "$folder.XXXXXX")"
  # shellcheck disable=SC2064  # expands the folder's name now
  trap "rm -rf -- $(printf %q "$work")" EXIT
  step "$log" "Downloading $what (in Debian's $package)" env -C "$work" apt-get download "$package" || exit 1
  dpkg-deb --fsys-tarfile "$work/${package}"_*.deb | tar -x -f - -C "$work" "${@/#/./}"
  for file in "$@"; do
    mv -- "$work/$file" "$folder/${file##*/}"
  done
}
