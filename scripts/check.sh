# Sourced by ./dev. The checks of the sources; every one runs, and each failure is shown.

run_checks() {
  local bad=0 started
  cd "$root" || return 1

  checking() {
    say "== $1"
    started=$SECONDS
    shift
    if "$@" </dev/null; then
      say "ok ($((SECONDS - started)) s)"
    else
      say "FAILED ($((SECONDS - started)) s)"
      bad=$((bad + 1))
    fi
  }

  checking "the checks themselves" python3 -B scripts/checks_test.py --quiet
  checking "files" python3 scripts/check_files.py
  checking "layers" python3 scripts/check_layers.py
  checking "shell scripts" check_shell
  checking "formatting" check_format
  checking "clang-tidy" check_tidy
  [ $bad = 0 ] || say "$bad checks failed"
  [ $bad = 0 ]
}

check_shell() {
  local script bad=0
  for script in dev .ci/run $(git ls-files '*.sh'); do bash -n "$script" || bad=1; done
  return $bad
}

check_format() {
  local output files
  output=$(git ls-files -z '*.cpp' '*.hpp' '*.ipp' '*.h' |
    xargs -0 -r -n 16 -P "$(nproc)" clang-format-19 --dry-run -Werror 2>&1) && return 0
  files=$(grep -o '^[^ :]*:[0-9]*:[0-9]*: error' <<<"$output" | cut -d: -f1 | sort -u)
  say "not formatted; this mends it: clang-format-19 -i" ${files:-"$output"}
  return 1
}

# The precompiled header is what clang-tidy reads first, so it must be there and be of now.
check_tidy() {
  configure release && build release abc2_pch && python3 scripts/tidy.py build/release
}
