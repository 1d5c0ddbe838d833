// Every page, on a desk and on a phone, light and dark: nothing that axe-core objects to, nothing that is cut off; and
// a picture of each in test-results/pages.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, logIn, test } from './fixtures';
import { forest, lake, picture, sunset } from './picture';
import type { Server } from './server';
import { settled, useTheme } from './theme';

// A market with a past: slots of a minute have been sold and have ended, others are coming.
async function populate(server: Server): Promise<void> {
  const [sue, ann, bob] = [await server.account('sue', 25_000), await server.account('ann', 4_000_000), await server.account('bob', 2_500_000)];
  const { sha256 } = await server.must<{ sha256: string }>('POST', '/api/images', { image_base64: sunset().toString('base64') }, sue);
  await server.campaign(sue, { fallback: { image: sha256, link: 'https://river.example/about', hover_text: 'Walk with us' }, slot_length_ms: 24 * 3_600_000, floor_sat: 12_000, refused_categories: ['finance', 'games'] });
  await server.campaign(sue, { title: 'Banner of the river guide', page: 'https://river.example/news', width_px: 728, height_px: 90, floor_sat: 20_000, slot_length_ms: 24 * 3_600_000 });
  await server.campaign(sue, { title: 'Beside the book reviews', about: 'Two new reviews a week, mostly of novels.', page: 'https://books.example/', width_px: 160, height_px: 600, floor_sat: 5_000, slot_length_ms: 7 * 24 * 3_600_000 });
  await server.campaign(sue, { title: 'Under the chess puzzle', about: 'One puzzle a day.', page: 'https://chess.example/daily', width_px: 320, height_px: 100, floor_sat: 800 });
  await server.campaign(sue, { title: 'Weather for sailors', page: 'https://wind.example/', fallback: { image: sha256, link: 'https://wind.example/', hover_text: 'Fair wind' }, floor_sat: 2_100 });
  await server.campaign(sue, { title: 'Sourdough calendar', page: 'https://bread.example/', floor_sat: 3_400 });
  const lakeAd = await server.ad(ann, lake(), 'Boats on the lake, by the hour');
  const wideAd = await server.ad(ann, picture(728, 90, [178, 214, 236], [40, 92, 128]), 'A summer on the water');
  const forestAd = await server.ad(bob, forest(), 'Bob’s bakery at the edge of the wood', 'food');
  const tallAd = await server.ad(bob, picture(160, 600, [240, 226, 196], [120, 72, 60]), 'Baking, the book', 'books');
  await server.buy(ann, 'sue/1', 1, lakeAd);
  await server.buy(bob, 'sue/1', 2, forestAd);
  await server.buy(ann, 'sue/1', 3, lakeAd);
  await server.buy(ann, 'sue/2', 1, wideAd);
  await server.buy(bob, 'sue/3', 1, tallAd);
  await server.buy(bob, 'sue/6', 1, forestAd);
  await server.must('POST', '/api/campaigns/sue/2/earnings', undefined, sue);
}

async function checked(page: Page, name: string, kind: string): Promise<void> {
  const dark = kind.endsWith('dark');
  await settled(page);
  const { violations } = await new AxeBuilder({ page }).analyze();
  // In the other theme only the colours are others.
  await useTheme(page, dark ? 'light' : 'dark');
  violations.push(...(await new AxeBuilder({ page }).withRules('color-contrast').analyze()).violations);
  await useTheme(page, dark ? 'dark' : 'light');
  expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary?.slice(0, 300)}`) })), `${name}, ${kind}`).toEqual([]);
  const tooWide = await page.evaluate(() => {
    const screen = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= screen) return [];
    return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > screen).map((one) => one.outerHTML.slice(0, 200));
  });
  expect(tooWide, `${name}, ${kind}: wider than the screen`).toEqual([]);
  await page.screenshot({ path: `test-results/pages/${name}-${kind}.png`, fullPage: true, animations: 'disabled' });
}

for (const [device, viewport, colorScheme] of [['desk', { width: 1280, height: 800 }, 'light'], ['phone', { width: 375, height: 760 }, 'dark']] as const) {
  const kind = `${device}-${colorScheme}`;
  test(`every page, ${kind}`, async ({ server, newContext }) => {
    test.slow();
    await populate(server);
    const page = await (await newContext({ colorScheme, viewport })).newPage();
    const at = async (name: string, path: string, ready: string) => {
      await page.goto(path);
      await expect(page.locator(ready).first()).toBeVisible();
      await expect(page.locator('.skeleton, .busy:has(span)')).toHaveCount(0);
      // What is loaded when it comes into sight is to be in the picture.
      for (const card of await page.locator('[data-campaign]').all()) await card.scrollIntoViewIfNeeded();
      if (path === '/') await expect(page.locator('[data-campaign] img')).toHaveCount(5);
      await page.evaluate(() => scrollTo(0, 0));
      await checked(page, name, kind);
    };
    await at('market-stranger', '/', '[data-campaign]');
    await at('campaign-stranger', '/campaigns/sue/4', '.uplot');
    await at('login', '/login', 'form');
    await page.getByRole('button', { name: 'Log in' }).last().click();
    await checked(page, 'login-wrong', kind);
    await at('register', '/register', 'form');
    await at('not-found', '/nowhere', 'h1');
    await logIn(page, 'ann');
    await at('market', '/', '[data-campaign]');
    await at('campaign', '/campaigns/sue/1', '[data-testid=buy]:enabled');
    await page.getByTestId('buy').click();
    await expect(page.getByText('Slot 4 is yours')).toBeVisible();
    await expect(page.locator('[data-slot="4"]')).toBeVisible();
    await checked(page, 'campaign-bought', kind);
    await at('account', '/account', 'tbody tr');
    await at('ads', '/account/ads', '[data-ad] img');
    await at('security', '/account/security', 'li');
    await at('campaigns-empty', '/account/campaigns', 'h2');
    await page.getByRole('button', { name: 'Log out' }).click();
    await logIn(page, 'sue');
    await at('campaigns', '/account/campaigns', 'li h2');
    await at('campaign-new', '/account/campaigns/new', '.uplot');
    await at('campaign-manage', '/account/campaigns/1', '[data-testid=due]');
    await page.getByRole('button', { name: 'Test it now' }).click();
    await expect(page.getByText('It works: the sold ad shows')).toBeVisible();
    await checked(page, 'campaign-tested', kind);
    await page.getByRole('button', { name: 'Log out' }).click();
    await server.operator();
    await logIn(page, 'opa');
    await at('operator', '/operator', 'tbody tr');
    await expect(page.locator('[data-node]')).toHaveCount(1);
    await expect(page.locator('[data-node]')).toContainText(/this one.*there/);
    await page.getByRole('button', { name: 'Audit now' }).click();
    await expect(page.getByTestId('audit')).toHaveText('the books are right');
    await checked(page, 'operator-audited', kind);
  });
}

test('the operator credits an account once for each id', async ({ server, page }) => {
  await server.operator();
  const ann = await server.account('ann');
  await logIn(page, 'opa');
  await page.goto('/operator');
  await page.getByLabel('Account').fill('ann');
  await page.getByLabel(/^Amount/).fill('0.00025');
  await expect(page.getByText('25\u202f000')).toBeVisible();
  await page.getByLabel(/^Id/).fill('invoice-17');
  await page.getByRole('button', { name: 'Credit' }).click();
  await expect(page.getByText('ann has been credited.')).toBeVisible();
  await page.getByLabel(/^Amount/).fill('25 000');
  await page.getByLabel(/^Id/).fill('invoice-17');
  await page.getByRole('button', { name: 'Credit' }).click();
  await expect(page.getByText('nothing was added')).toBeVisible();
  const { balance_sat } = await server.must<{ balance_sat: number }>('GET', '/api/me', undefined, ann);
  expect(balance_sat).toBe(25_000);
  await expect(page.getByRole('region', { name: 'Credits' }).locator('tbody tr')).toHaveCount(1);
});

test('security: a password, sessions and keys', async ({ server, newContext, watched }) => {
  watched.allow(/status of 401/);
  await server.account('ann');
  const [page, other] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
  await logIn(other, 'ann');
  await logIn(page, 'ann');
  await page.goto('/account/security');
  await page.getByLabel('What the new key is for').fill('nightly report');
  await page.getByRole('button', { name: 'Make a key' }).click();
  const key = (await page.getByRole('region', { name: 'The new key' }).textContent())!.trim();
  expect((await server.call('GET', '/api/me', undefined, key)).status).toBe(200);
  await page.getByRole('button', { name: 'Revoke the key nightly report' }).click();
  await expect(page.getByText('You have none.')).toBeVisible();
  expect((await server.call('GET', '/api/me', undefined, key)).status).toBe(401);

  await page.getByLabel('The old one').fill('wrong');
  await page.getByLabel('The new one').fill('another password');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('The old password is wrong', { exact: true })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Security' })).toBeVisible(); // still logged in
  await page.getByLabel('The old one').fill('the password of ann');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('The password has been changed')).toBeVisible();
  await other.goto('/account');
  await expect(other).toHaveURL(/\/login/);
});
