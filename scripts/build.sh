# Sourced by ./dev. The build folders: release, asan (address and undefined behaviour, and the fuzzers), tsan (threads).

build_options() {
  case $1 in
    release) echo "-DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=$(have /usr/include/gmock/gmock.h) -DABC2_BENCH=$(have /usr/include/sqlite3.h)" ;;
    asan) echo "-DABC2_SANITIZE=address,undefined -DABC2_FUZZ=ON" ;;
    tsan) echo "-DABC2_SANITIZE=thread" ;;
    *) die "no such build: $1" ;;
  esac
}

# Who only runs the program needs neither the libraries of the tests nor those of the benchmarks.
have() {
  if [ -e "$1" ]; then echo ON; else echo OFF; fi
}

# One compiler for each core, and no more than memory holds: the largest units need about 1 GB.
build_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ {print int($2 / 1000000)}' /proc/meminfo)
  if [ "$memory" -lt 1 ]; then memory=1; fi
  if [ "$memory" -lt "$cores" ]; then echo "$memory"; else echo "$cores"; fi
}

# configure release: makes build/release ready for ninja; Ninja itself notices later changes of CMake files.
configure() {
  local dir=$root/build/$1 options log
  options=$(build_options "$1") || return 1
  if [ -f "$dir/build.ninja" ] && [ "$(cat "$dir/.dev-options" 2>/dev/null)" = "$options" ]; then return 0; fi
  mkdir -p "$dir"
  say "configuring build/$1"
  log=$dir/configure.log
  # shellcheck disable=SC2086
  if ! cmake -S "$root" -B "$dir" -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 $options >"$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
  echo "$options" >"$dir/.dev-options"
}

# build release [TARGET...]: what is up to date is left alone. Says one line, and all of the compiler's on failure.
build() {
  local dir=$root/build/$1 name=$1
  shift
  configure "$name" || return 1
  if ninja -C "$dir" -n "$@" 2>/dev/null | grep -q 'no work to do'; then return 0; fi
  say "building build/$name${*:+: $*}"
  local started=$SECONDS status
  if [ -t 2 ]; then
    ninja -C "$dir" -j "$(build_jobs)" "$@" >&2
    status=$?
  else
    NINJA_STATUS='[%f/%t %es] ' ninja -C "$dir" -j "$(build_jobs)" "$@" >"$dir/build.log" 2>&1
    status=$?
    [ $status = 0 ] || grep -v '^\[' "$dir/build.log" | tail -n 100 >&2
  fi
  [ $status = 0 ] || { say "build/$name does not build"; return 1; }
  say "built build/$name in $((SECONDS - started)) s"
}

# What the torture runs, beside the servers of Debian's packages.
build_torture() {
  build release abc2 abc2_registers abc2_unsettled
}
