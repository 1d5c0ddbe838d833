// What all tests share: a server of their own, and pages that may not complain, nor ask another host for anything.
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
import { passwordOf, Server } from './server';

export interface Watched {
  // What a test expects: a refusal, a server that is gone. Everything else that a console says fails the test.
  allow(...expected: RegExp[]): void;
}

interface Fixtures {
  server: Server;
  watched: Watched;
  newContext: (options?: Parameters<import('@playwright/test').Browser['newContext']>[0]) => Promise<BrowserContext>;
  page: Page;
}

export const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    const server = new Server();
    await server.start();
    await use(server);
    await server.remove();
  },
  watched: async ({}, use) => {
    const expected: RegExp[] = [];
    await use({ allow: (...more) => expected.push(...more), expected, said: [] } as Watched & { expected: RegExp[]; said: string[] });
  },
  newContext: async ({ browser, server, watched }, use) => {
    const all = watched as Watched & { expected: RegExp[]; said: string[] };
    const contexts: BrowserContext[] = [];
    await use(async (options) => {
      const context = await browser.newContext({ baseURL: server.url, ...options });
      contexts.push(context);
      context.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') all.said.push(`${message.text()} (${message.location().url})`);
      });
      context.on('weberror', (error) => all.said.push(error.error().stack ?? String(error.error())));
      context.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol !== 'data:' && protocol !== 'blob:' && hostname !== '127.0.0.1' && hostname !== 'localhost') all.said.push(`a request to another host: ${request.url()}`);
      });
      return context;
    });
    for (const context of contexts) await context.close();
    expect(all.said.filter((text) => !all.expected.some((one) => one.test(text)))).toEqual([]);
  },
  page: async ({ newContext }, use) => use(await (await newContext()).newPage()),
});

export { expect };

// Through the page, as people do it.
export async function logIn(page: Page, user: string): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(passwordOf(user));
  await page.locator('form').getByRole('button', { name: 'Log in' }).click();
  await expect(page.locator('header')).toContainText(user);
  await expect(page.locator('header [data-sat]')).toBeVisible();
}

export const balanceIn = (page: Page) => page.locator('header [data-sat]').getAttribute('data-sat').then(Number);

// Moves on until what has the focus is what is looked for; the focus is always to be seen.
export async function tabTo(page: Page, wanted: RegExp): Promise<void> {
  const seen: string[] = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const { name, visible } = await page.evaluate(() => {
      const one = document.activeElement as HTMLElement;
      const label = one.getAttribute('aria-label') ?? (one.getAttribute('aria-labelledby') ? document.getElementById(one.getAttribute('aria-labelledby')!)?.textContent : null) ?? (one as HTMLInputElement).labels?.[0]?.textContent ?? one.textContent ?? '';
      const style = getComputedStyle(one);
      return { name: label.trim(), visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && one.getBoundingClientRect().width > 0 };
    });
    seen.push(name);
    if (name !== '') expect(visible, `the focus on “${name}” cannot be seen`).toBe(true);
    if (wanted.test(name)) return;
  }
  throw new Error(`nothing called ${wanted} can be reached: ${seen.join(' | ')}`);
}
