// The snippet on a page of another site.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test as base } from './fixtures';
import { forest, sunset } from './picture';

// A page of somebody else: another host name, another port.
const test = base.extend<{ foreign: (html: string) => string }>({
  foreign: async ({}, use) => {
    let html = '';
    const site = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(html);
    });
    await new Promise<void>((done) => site.listen(0, '127.0.0.1', done));
    await use((text) => {
      html = text;
      return `http://localhost:${(site.address() as AddressInfo).port}/`;
    });
    site.closeAllConnections();
    await new Promise((done) => site.close(done));
  },
});

// Layout shifts are noted from the first moment on.
const page_with = (market: string, above = '') => `<!doctype html><html><head><title>River news</title><link rel="icon" href="data:,"><script>
  window.shifts = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifts += entry.value; }).observe({ type: 'layout-shift', buffered: true });
</script></head><body><h1>River news</h1>${above}
<div data-abc2="sue/1" style="width:300px;height:250px"><a href="/advertise">Advertise here</a></div>
<script async src="${market}/embed.js"></script>
<p id="below">What stands below.</p></body></html>`;

// A browser as people have it: those that say they are robots are not counted.
const reader = { baseURL: '', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36' };

const viewsCounted = async (market: string) => {
  const text = await (await fetch(`${market}/metrics`)).text();
  return [...text.matchAll(/^abc2_ad_views_total(?:\{[^}]*\})? (\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
};

test('shows the sold ad, moves nothing, sets no cookie, and counts one view when it is really seen', async ({ server, newContext, foreign }) => {
  const sue = await server.account('sue');
  await server.campaign(sue);
  const ann = await server.account('ann', 10_000);
  await server.buy(ann, 'sue/1', 1, await server.ad(ann, forest(), 'The ad of Ann'));

  const context = await newContext(reader);
  const page = await context.newPage();
  const views: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/view?')) views.push(request.url());
  });
  await page.goto(foreign(page_with(server.url, '<div style="height:3000px">A long text</div>')));
  const image = page.locator('[data-abc2] img');
  await expect(image).toHaveAttribute('alt', 'The ad of Ann');
  await expect(image).toHaveJSProperty('naturalWidth', 300);
  await expect(page.getByText('Advertise here')).toHaveCount(0);
  // It is there, but nobody has seen it yet: longer than a view takes.
  await page.waitForTimeout(1500);
  expect(views).toEqual([]);
  expect(await viewsCounted(server.url)).toBe(0);

  const counted = page.waitForResponse((response) => response.url().includes('/view?'));
  await image.scrollIntoViewIfNeeded();
  expect((await (await counted).json()) as object).toMatchObject({ counted: true });
  await expect.poll(() => viewsCounted(server.url)).toBe(1);
  // Seen, left and seen again: still one.
  await page.evaluate(() => scrollTo(0, 0));
  await image.scrollIntoViewIfNeeded();
  await page.waitForTimeout(1500);
  expect(views).toHaveLength(1);
  expect(await viewsCounted(server.url)).toBe(1);

  await expect(page.locator('[data-abc2] a')).toHaveAttribute('href', /\/ads\/sue\/1\/click\?slot=1&token=/);
  expect(await page.evaluate(() => (window as unknown as { shifts: number }).shifts)).toBe(0);
  expect(await context.cookies()).toEqual([]);
  expect(await page.evaluate(() => document.cookie + localStorage.length + sessionStorage.length)).toBe('00');
});

test('shows what the page has put there while nothing is sold, and the seller\'s own picture if there is one', async ({ server, newContext, foreign }) => {
  const sue = await server.account('sue');
  await server.campaign(sue);
  const page = await (await newContext(reader)).newPage();
  await page.goto(foreign(page_with(server.url)));
  await expect(page.locator('[data-abc2][data-slot="0"]')).toBeVisible();
  await expect(page.getByText('Advertise here')).toBeVisible();

  const { sha256 } = await server.must<{ sha256: string }>('POST', '/api/images', { image_base64: sunset().toString('base64') }, sue);
  await server.must('PATCH', '/api/campaigns/sue/1', { fallback: { image: sha256, link: 'https://sue.example/', hover_text: 'Sue’s own' } }, sue);
  await expect(async () => {
    await page.reload();
    await expect(page.locator('[data-abc2] img')).toHaveAttribute('alt', 'Sue’s own', { timeout: 1000 });
  }).toPass();
  await expect(page.getByText('Advertise here')).toHaveCount(0);
  expect(await page.evaluate(() => (window as unknown as { shifts: number }).shifts)).toBe(0);
  expect(await viewsCounted(server.url)).toBe(0);
});

test('does not block the page while the market is slow, and leaves it alone when it is down', async ({ server, newContext, foreign, watched }) => {
  watched.allow(/ERR_CONNECTION_REFUSED/);
  const page = await (await newContext(reader)).newPage();
  let answer = () => {};
  const later = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/embed.js', async (route) => {
    await later;
    await route.abort('connectionrefused');
  });
  const target = foreign(page_with(server.url));
  // The page is complete although the script has not come.
  await page.goto(target, { waitUntil: 'domcontentloaded' });
  expect(await page.evaluate(() => document.readyState)).toBe('interactive');
  await expect(page.getByText('What stands below.')).toBeVisible();
  await expect(page.getByText('Advertise here')).toBeVisible();
  answer();
  await page.waitForLoadState('load');

  await page.unroute('**/embed.js');
  await server.kill();
  await page.goto(target);
  await expect(page.getByText('Advertise here')).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { shifts: number }).shifts)).toBe(0);
});
