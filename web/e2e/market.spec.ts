// The market: live, searched, sorted; light for the network; in the reader's own time.
import { expect, logIn, test } from './fixtures';
import { lake } from './picture';

test('the first page is small, and brings no chart and nothing of bitcoin', async ({ server, page }) => {
  await server.campaign(await server.account('sue'));
  let bytes = 0;
  const sizes: Promise<void>[] = [];
  const loaded: string[] = [];
  page.on('requestfinished', (request) => {
    loaded.push(new URL(request.url()).pathname);
    sizes.push(request.sizes().then((size) => void (bytes += size.responseBodySize + size.responseHeadersSize)));
  });
  await page.goto('/');
  await expect(page.locator('[data-campaign="sue/1"]')).toBeVisible();
  await page.waitForTimeout(300);
  await Promise.all(sizes);
  expect(loaded.some((path) => /index-.*\.js$/.test(path))).toBe(true);
  expect(loaded.join(' ')).not.toMatch(/PriceChart|uplot|Deposit|Withdraw|Bitcoin|Qr-/i);
  console.log(`the first page: ${bytes} bytes in ${loaded.length} answers`);
  expect(bytes).toBeLessThan(100_000);
});

test('prices fall, sales and new places come without a reload; search, size and order', async ({ server, page }) => {
  const sue = await server.account('sue');
  await server.campaign(sue, { title: 'River guide', floor_sat: 900_000, slot_length_ms: 600_000 });
  await server.campaign(sue, { title: 'Book reviews', page: 'https://books.example/', width_px: 160, height_px: 600, floor_sat: 500 });
  await server.campaign(sue, { title: 'Chess club', floor_sat: 700 });
  const ann = await server.account('ann', 20_000_000);
  const ad = await server.ad(ann, lake(), 'The lake');
  await server.buy(ann, 'sue/1', 1, ad);

  await page.goto('/');
  const cards = page.locator('[data-campaign]');
  await expect(cards).toHaveCount(3);
  expect(await cards.evaluateAll((all) => all.map((one) => one.getAttribute('data-campaign')))).toEqual(['sue/2', 'sue/3', 'sue/1']);
  const price = page.locator('[data-campaign="sue/1"] .price [data-sat]');
  const before = Number(await price.getAttribute('data-sat'));
  expect(before).toBeLessThanOrEqual(1_800_000);
  await expect.poll(async () => Number(await price.getAttribute('data-sat'))).toBeLessThan(before);
  // The page's own arithmetic is the server's: at most a moment behind it.
  const { next } = await server.must<{ next: { price_sat: number } }>('GET', '/api/campaigns/sue/1');
  expect(Number(await price.getAttribute('data-sat'))).toBeLessThan(before);
  expect(next.price_sat).toBeLessThan(before);

  await page.getByLabel('Order').selectOption('start');
  await expect(cards.last()).toHaveAttribute('data-campaign', 'sue/1');
  await page.getByLabel('Size').selectOption('160x600');
  await expect(cards).toHaveCount(1);
  await page.getByLabel('Size').selectOption('');
  await page.getByLabel('Search').fill('chess');
  await expect(cards).toHaveCount(1);
  await expect(page).toHaveURL(/q=chess&sort=start/);
  await page.reload();
  await expect(cards).toHaveCount(1);
  await expect(page.getByLabel('Order')).toHaveValue('start');
  await page.getByLabel('Search').fill('no such thing');
  await expect(page.getByText('No place fits')).toBeVisible();
  await page.getByRole('button', { name: 'Show all places' }).click();
  await expect(cards).toHaveCount(3);

  await expect(page.locator('[data-live=live]')).toBeVisible();
  await server.buy(ann, 'sue/3', 1, ad);
  await expect(page.locator('[data-campaign="sue/3"]')).toContainText('starts in 59 min');
  await expect(page.locator('[data-campaign="sue/3"] img')).toHaveAttribute('alt', 'The lake');
});

test('a large market is shown page after page, and searched by the server while somebody types', async ({ server, page }) => {
  const sue = await server.account('sue');
  for (let n = 1; n <= 65; n++) await server.campaign(sue, { title: `Place number${n}`, floor_sat: 1000 + n, ...(n % 13 === 0 ? { width_px: 728, height_px: 90 } : {}) });
  await page.goto('/');
  const cards = page.locator('[data-campaign]');
  await expect(cards).toHaveCount(60);
  await expect(page.getByText('65 places')).toBeVisible();
  await expect(cards.first()).toHaveAttribute('data-campaign', 'sue/1');
  await page.getByRole('button', { name: 'Show more places' }).press('Enter');
  await expect(cards).toHaveCount(65);
  await expect(page.locator('[data-campaign="sue/61"] a')).toBeFocused();
  await expect(page.getByRole('button', { name: 'Show more places' })).toHaveCount(0);
  expect(new Set(await cards.evaluateAll((all) => all.map((one) => one.getAttribute('data-campaign')))).size).toBe(65);

  const asked: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === '/api/campaigns') asked.push(url.searchParams.get('q') ?? '');
  });
  await page.getByLabel('Search').pressSequentially('number6', { delay: 20 });
  await expect(cards).toHaveCount(7); // 6, 60 to 65
  await expect(page.getByText('7 places found')).toBeVisible();
  expect(asked.at(-1)).toBe('number6');
  expect(asked.length).toBeLessThan('number6'.length);
  await page.getByLabel('Size').selectOption('728x90');
  await expect(cards).toHaveCount(1);
  await expect(cards).toHaveAttribute('data-campaign', 'sue/65');
  await expect(page).toHaveURL(/q=number6&size=728x90/);
  await page.reload();
  await expect(cards).toHaveCount(1);
  await expect(page.getByLabel('Size')).toHaveValue('728x90');
});

test('an empty market, one that cannot be reached, and pages that do not exist', async ({ server, page, watched }) => {
  watched.allow(/ERR_CONNECTION_REFUSED/, /status of 404 .*campaigns\/nobody\/7/, /status of 404 .*ads\/nobody\/7/);
  await page.goto('/');
  await expect(page.getByText('Nothing is on sale yet')).toBeVisible();
  await page.goto('/campaigns/nobody/7');
  await expect(page.getByRole('heading', { name: 'There is no such campaign' })).toBeVisible();
  await page.goto('/nowhere');
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
  await server.kill();
  await page.getByRole('link', { name: 'To the market', exact: true }).click();
  await expect(page.getByText('The campaigns cannot be shown now')).toBeVisible();
  await server.start();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('Nothing is on sale yet')).toBeVisible();
});

test('times are the reader\'s, with UTC at hand; the theme stays as it was chosen', async ({ server, newContext }) => {
  const sue = await server.account('sue');
  await server.campaign(sue);
  const ann = await server.account('ann', 50_000);
  await server.buy(ann, 'sue/1', 1, await server.ad(ann, lake(), 'The lake'));
  const { slots } = await server.must<{ slots: { starts_at_ms: number }[] }>('GET', '/api/campaigns/sue/1/slots');
  const at = slots[0]!.starts_at_ms;
  for (const timezoneId of ['Asia/Tokyo', 'America/New_York']) {
    const context = await newContext({ timezoneId, locale: 'en-GB', colorScheme: 'light' });
    const page = await context.newPage();
    await page.goto('/campaigns/sue/1');
    const time = page.locator('[data-slot="1"] time').first();
    await expect(time).toHaveText(new RegExp(new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: timezoneId }).format(at)));
    await expect(time).toHaveAttribute('title', `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`);

    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.getByRole('button', { name: 'Use the dark theme' }).click();
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await paper()).toBe(dark);
    await page.getByRole('button', { name: 'Use the light theme' }).click();
    expect(await paper()).toBe(light);
    expect(await page.evaluate(() => localStorage.getItem('abc2.theme'))).toBeNull(); // the system's choice again
  }
});

test('who logs out, or in, does so in every tab', async ({ server, newContext }) => {
  await server.account('ann');
  const context = await newContext();
  const first = await context.newPage();
  const second = await context.newPage();
  await second.goto('/');
  await logIn(first, 'ann');
  await expect(second.locator('header')).toContainText('ann');
  expect((await context.cookies()).map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([{ name: 'abc2_session', httpOnly: true, sameSite: 'Strict' }]);
  await first.getByRole('button', { name: 'Log out' }).click();
  await expect(second.getByRole('link', { name: 'Log in' }).first()).toBeVisible();
  await first.goto('/account');
  await expect(first).toHaveURL(/\/login\?then=%2Faccount$/);
});
