# Sourced by ./dev. need_packages build test: installs what is missing of these parts of scripts/packages.txt.
# A machine that has everything is not asked for the network or for root.

need_packages() {
  local part missing=() package instead
  if ! command -v dpkg-query >/dev/null; then
    say "no dpkg here: what scripts/packages.txt lists for '$*' must be installed by other means"
    return 0
  fi
  for part in "$@"; do
    while read -r package instead; do
      if [ -n "$instead" ] && command -v "$instead" >/dev/null; then continue; fi
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done < <(awk -v part="$part" '$1 == part {print $2, $3}' "$root/scripts/packages.txt")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "missing: ${missing[*]}. As root: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing with apt-get: ${missing[*]}"
  if [[ " ${missing[*]} " =~ \ (postgresql-15|nginx-light|etcd-server)\  ]]; then
    install_without_services "${missing[@]}"
  else
    apt_install "${missing[@]}"
  fi
}

# A mirror that is slow or gone for a moment is asked again.
apt_retry() {
  local try
  for try in 1 2 3 4; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -y -q \
      -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
      -o Dpkg::Use-Pty=0 "$@" </dev/null >&2 && return 0
    say "apt-get $1 failed (try $try of 4)"
    sleep $((try * 5))
  done
  return 1
}

apt_install() {
  apt_retry update || die "apt-get update failed: is there a network?"
  apt_retry install --no-install-recommends "$@" || die "apt-get could not install: $*"
}

# Tests and benchmarks start their own PostgreSQL, etcd and nginx: Debian's services are neither started nor given a
# database cluster.
install_without_services() {
  local policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.conf ours=
  if [ ! -e "$policy" ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
  fi
  if [ ! -e "$cluster" ]; then
    "${as_root[@]}" mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' | "${as_root[@]}" tee "$cluster" >/dev/null
  fi
  (apt_install "$@")
  local status=$?
  [ -z "$ours" ] || "${as_root[@]}" rm -f "$policy"
  return $status
}
