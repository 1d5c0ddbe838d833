# Sourced by ./dev. All tests, in stages; the last line is the sum: "N passed, N failed".
# What does not build counts as one failure of its stage, and the other stages still run.

passed=0 failed=0 counted= failures=

count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
}

# remember NAME LOG: what failed first, to be said once more at the very end, where whoever reads a long log looks.
remember() {
  failures+="== $1"$'\n'$(grep -E -A8 ': Failure$|FAILED|terminate called|SUMMARY: |Timeout|Error:|^Traceback' "$2" | head -n 60)$'\n'
}

# count_file JUNIT STATUS: adds up what a JUnit file says of a run that ended with that status; `counted` says it.
count_file() {
  local result
  result=$(python3 "$root/scripts/junit_result.py" "$1" "$2") || result="0 1"
  # shellcheck disable=SC2086
  count $result
  # shellcheck disable=SC2086
  counted=$(printf '%d passed, %d failed' $result)
}

# stage NAME BUILD TARGET CTEST_ARGS...: builds, then runs the tests that CTest selects.
stage() {
  local name=$1 build=$2 target=$3 dir=$root/build/$2 started=$SECONDS
  shift 3
  say "== $name"
  if ! build "$build" $target; then
    count 0 1
    return
  fi
  rm -f "$dir/results.xml"
  say "ctest $* (in build/$build)"
  # One more at a time than there are cores: many tests wait for servers.
  ctest --test-dir "$dir" -j $(($(nproc) + 1)) --timeout 900 --no-tests=error --output-on-failure \
    --output-junit "$dir/results.xml" "$@" </dev/null >"$dir/ctest.log" 2>&1
  local status=$?
  if [ $status != 0 ]; then
    grep -v '^Test *#\|^[0-9]*/[0-9]* Test.*Passed' "$dir/ctest.log" | tail -n 300
    remember "$name" "$dir/ctest.log"
  fi
  count_file "$dir/results.xml" $status
  say "$name: $counted in $((SECONDS - started)) s"
}

# fuzz PROGRAM SECONDS
fuzz() {
  local name=${1##*/}
  local found=$root/build/asan/found/$name seeds=$root/tests/fuzz/${name#fuzz_}
  mkdir -p "$found"
  local folders=("$found")
  if [ -d "$seeds" ]; then folders+=("$seeds"); fi
  cd "$found" && exec "$1" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$root/build/asan/" "${folders[@]}" </dev/null >"$root/build/asan/$name.log" 2>&1
}

# Each fuzzer for a short time, from the seeds in tests/fuzz/NAME and from what it found before.
fuzz_stage() {
  local seconds=${ABC2_FUZZ_SECONDS:-10} started=$SECONDS program name fuzzers=0 bad=0
  say "== fuzzing, $seconds s each"
  if ! build asan abc2_fuzz_programs; then
    count 0 1
    return
  fi
  local -A running=()
  for program in "$root"/build/asan/fuzzers/fuzz_*; do
    [ -x "$program" ] || continue
    name=${program##*/}
    # A program whose source is gone is not run.
    ninja -C "$root/build/asan" -t query "$name" >/dev/null 2>&1 || continue
    fuzzers=$((fuzzers + 1))
    # One on each core.
    while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    fuzz "$program" "$seconds" &
    running[$name]=$!
  done
  for name in "${!running[@]}"; do
    if wait "${running[$name]}"; then
      say "$name: passed, $(awk '/number_of_executed_units/ {print $2}' "$root/build/asan/$name.log") inputs"
    else
      bad=$((bad + 1))
      say "$name: FAILED"
      tail -n 60 "$root/build/asan/$name.log"
      remember "$name" "$root/build/asan/$name.log"
    fi
  done
  count $((fuzzers - bad)) $bad
  say "fuzzing: $((fuzzers - bad)) passed, $bad failed in $((SECONDS - started)) s"
}

# The web pages: types, units, and the whole market in a browser against the real server.
pages_stage() {
  local started=$SECONDS dir=$root/build/pages status
  say "== web pages"
  mkdir -p "$dir"
  rm -f "$dir"/*.xml
  if ! build release abc2 || ! build_pages; then
    count 0 1
    return
  fi
  if (cd "$root/web" && npm run --silent check) </dev/null >"$dir/check.log" 2>&1; then
    count 1 0
  else
    tail -n 100 "$dir/check.log"
    remember "types of the pages" "$dir/check.log"
    count 0 1
  fi
  (cd "$root/web" && npx --no-install vitest run --reporter=default --reporter=junit \
    --outputFile.junit="$dir/unit.xml") </dev/null >"$dir/unit.log" 2>&1
  status=$?
  if [ $status != 0 ]; then
    tail -n 100 "$dir/unit.log"
    remember "units of the pages" "$dir/unit.log"
  fi
  count_file "$dir/unit.xml" $status
  say "web pages, units: $counted"
  (cd "$root/web" && ABC2_PROGRAM=$root/build/release/abc2 PLAYWRIGHT_JUNIT_OUTPUT_NAME=$dir/browser.xml \
    npx --no-install playwright test --reporter=list,junit) </dev/null >"$dir/browser.log" 2>&1
  status=$?
  if [ $status != 0 ]; then
    tail -n 200 "$dir/browser.log"
    remember "pages in a browser" "$dir/browser.log"
  fi
  count_file "$dir/browser.xml" $status
  say "web pages, in a browser: $counted in $((SECONDS - started)) s"
}

# Real stores and nodes under faults, for five minutes together, each store with a seed of its own. What a run that
# fails has left is in build/torture/test.
torture_stage() {
  local started=$SECONDS dir=$root/build/torture/test store seconds seed bad=0 runs=0
  say "== torture: etcd, PostgreSQL and a standby, five minutes of faults"
  if ! build_torture; then
    count 0 1
    return
  fi
  rm -rf "$dir"
  mkdir -p "$dir"
  while read -r store seconds seed; do
    runs=$((runs + 1))
    if timeout 900 python3 -B "$root/tests/torture/torture.py" --build "$root/build/release" --keep "$dir" \
        --store "$store" --seconds "$seconds" --seed "$seed" </dev/null >"$dir/$store.log" 2>&1; then
      say "$store: $(grep -E '^([0-9]+ requests|unknown at first|single documents|HOLDS)' "$dir/$store.log" | tr '\n' ' ')"
      rm -rf "${dir:?}/$store-$seed"
    else
      bad=$((bad + 1))
      say "$store: FAILED"
      tail -n 100 "$dir/$store.log"
      remember "torture of $store" "$dir/$store.log"
    fi
  done <<<"$torture_runs"
  count $((runs - bad)) $bad
  say "torture: $((runs - bad)) passed, $bad failed in $((SECONDS - started)) s"
}
torture_runs="etcd 130 1
postgres 100 2
standby 80 3"

run_tests() {
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19 TSAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19
  stage "tests" release all "$@"
  stage "unit tests under AddressSanitizer and UndefinedBehaviorSanitizer" asan abc2_tests -L unit "$@"
  stage "tests of several threads under ThreadSanitizer" tsan abc2_threads_tests -L threads "$@"
  pages_stage
  fuzz_stage
  # Who asks for some tests has not asked for minutes of this.
  [ $# -gt 0 ] || torture_stage
  printf '%s' "$failures"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
