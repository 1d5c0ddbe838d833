# Sourced by ./dev. The web pages: web/ becomes web/dist.

# What the pages are made of, as one number: they are built again when it has changed.
pages_state() {
  (cd "$root" && git ls-files -z --cached --others --exclude-standard web api/openapi.yaml |
    sort -z | xargs -0 sha256sum 2>/dev/null | sha256sum | cut -c1-64)
}

build_pages() {
  need_packages pages
  local dist=$root/web/dist state log=$root/build/pages/build.log
  state=$(pages_state)
  if [ "$(cat "$dist/.state" 2>/dev/null)" = "$state" ]; then return 0; fi
  local started=$SECONDS
  say "building the web pages"
  mkdir -p "$root/build/pages"
  if ! (
    cd "$root/web" || exit 1
    # node_modules is of this lock, or is made anew.
    if ! cmp -s package-lock.json node_modules/.of-lock; then
      npm ci --no-audit --no-fund || exit 1
      cp package-lock.json node_modules/.of-lock
    fi
    npm run build
  ) </dev/null >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    return 1
  fi
  echo "$state" >"$dist/.state"
  say "built the web pages in $((SECONDS - started)) s"
}
