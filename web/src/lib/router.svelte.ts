// Addresses of pages, through the browser's history. Links are plain <a href>; clicks on them stay in the page.

class Router {
  path = $state(location.pathname);
  query = $state(location.search);
  // Grows with every move, so that the page can put the focus where the new content begins.
  moves = $state(0);

  constructor() {
    window.addEventListener('popstate', () => this.#follow());
    document.addEventListener('click', (event) => this.#click(event));
  }

  go(target: string, how: 'push' | 'replace' = 'push'): void {
    if (how === 'replace') history.replaceState(null, '', target);
    else history.pushState(null, '', target);
    this.#follow();
    window.scrollTo(0, 0);
  }

  // Remembers a page's own settings in its address, without a move.
  setQuery(fields: Record<string, string>): void {
    const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== '')).toString();
    history.replaceState(null, '', location.pathname + (query ? `?${query}` : ''));
    this.query = location.search;
  }

  #follow(): void {
    const moved = this.path !== location.pathname;
    this.path = location.pathname;
    this.query = location.search;
    if (moved) this.moves++;
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (/^\/(api|ads|images|assets)\//.test(link.pathname) || link.hash) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export const router = new Router();

// Matches "/campaigns/:seller/:n" against a path.
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split('/');
  const have = path.replace(/\/+$/, '').split('/');
  if (want.length !== have.length) return null;
  const found: Record<string, string> = {};
  for (const [i, part] of want.entries()) {
    const given = have[i] ?? '';
    if (part.startsWith(':')) {
      if (!given) return null;
      try {
        found[part.slice(1)] = decodeURIComponent(given);
      } catch {
        return null;
      }
    } else if (part !== given) {
      return null;
    }
  }
  return found;
}
