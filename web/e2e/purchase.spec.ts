// A purchase that is interrupted, repeated or refused.
import type { Page } from '@playwright/test';
import { balanceIn, expect, logIn, test } from './fixtures';
import { lake } from './picture';
import type { Server } from './server';

const SLOT = '**/api/campaigns/sue/1/slots/*';
const isPut = (page: Page) => page.waitForRequest((request) => request.method() === 'PUT');

async function readyToBuy(server: Server, page: Page, sat = 100_000): Promise<{ token: string; sue: string }> {
  const sue = await server.account('sue');
  await server.campaign(sue);
  const token = await server.account('ann', sat);
  await server.ad(token, lake(), 'The ad of Ann');
  await logIn(page, 'ann');
  await page.goto('/campaigns/sue/1');
  await expect(page.getByTestId('buy')).toBeEnabled();
  return { token, sue };
}

async function balance(server: Server, token: string): Promise<number> {
  const { balance_sat } = await server.must<{ balance_sat: number }>('GET', '/api/me', undefined, token);
  return balance_sat;
}

test.describe('the server is killed', () => {
  test.beforeEach(({ watched }) => watched.allow(/ERR_CONNECTION|ERR_FAILED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|ERR_SOCKET/));

  test('after it has sold the slot, before it has said so', async ({ server, page }) => {
    const { token } = await readyToBuy(server, page);
    let lost = false;
    await page.route(SLOT, async (route) => {
      if (route.request().method() !== 'PUT' || lost) return route.continue();
      lost = true;
      expect((await route.fetch()).status()).toBe(201);
      await server.kill();
      await route.abort('connectionreset');
    });
    await page.getByTestId('buy').click();
    await expect(page.getByText('Not known yet whether slot 1 is yours')).toBeVisible();
    await expect(page.getByText(/Tried [2-9] times/)).toBeVisible(); // by itself
    await expect(page.getByText('Connection lost, trying again')).toBeVisible();
    await server.start();
    await expect(page.getByText('Slot 1 is yours')).toBeVisible();
    await expect(page.locator('[data-slot="1"]')).toContainText('ann');
    await expect(page.locator('[data-live=live]')).toBeVisible();
    expect(await balance(server, token)).toBe(99_000);
  });

  test('while it is at it, and the page is loaded again in between', async ({ server, page }) => {
    const { token } = await readyToBuy(server, page);
    const sent = isPut(page);
    await page.getByTestId('buy').click();
    await sent;
    await server.kill();
    await server.start();
    await page.reload();
    await expect(page.getByText('Slot 1 is yours')).toBeVisible();
    await expect.poll(() => balance(server, token)).toBe(99_000);
    const { slots } = await server.must<{ slots: unknown[] }>('GET', '/api/campaigns/sue/1/slots');
    expect(slots).toHaveLength(1);
  });

  test('before it has heard of it: the page asks before it goes on with what is old', async ({ server, page }) => {
    const { token } = await readyToBuy(server, page);
    await page.route(SLOT, async (route) => {
      if (route.request().method() === 'PUT') await route.abort('connectionrefused');
      else await route.continue();
    });
    await page.getByTestId('buy').click();
    await page.getByRole('button', { name: 'Stop trying for now' }).click();
    await expect(page.getByText('It is not known how your purchase of slot 1 ended')).toBeVisible();
    await page.reload();
    await expect(page.getByText('It is not known how your purchase of slot 1 ended')).toBeVisible();
    await page.getByRole('button', { name: 'Find out' }).click();
    await expect(page.getByTestId('buy')).toBeEnabled();
    expect(await balance(server, token)).toBe(100_000);
    await page.unroute(SLOT);
    await page.getByTestId('buy').click();
    await expect(page.getByText('Slot 1 is yours')).toBeVisible();
    await expect.poll(() => balance(server, token)).toBe(99_000);
  });
});

for (const locks of [true, false]) {
  test(`two tabs and impatient clicks are one purchase, ${locks ? 'with' : 'without'} locks`, async ({ server, newContext }) => {
    const context = await newContext();
    if (!locks) await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
    const first = await context.newPage();
    const { token } = await readyToBuy(server, first);
    const second = await context.newPage();
    await second.goto('/campaigns/sue/1');
    await expect(second.getByTestId('buy')).toBeEnabled();

    const attempts: string[] = [];
    let release = () => {};
    const later = new Promise<void>((resolve) => (release = resolve));
    await context.route(SLOT, async (route) => {
      if (route.request().method() !== 'PUT') return route.continue();
      attempts.push((route.request().postDataJSON() as { attempt: string }).attempt);
      await later;
      await route.continue();
    });
    await first.getByTestId('buy').dblclick();
    // The other tab knows of it without a click, and has nothing to click.
    await expect(second.getByText('Your purchase of slot 1 is under way')).toBeVisible();
    await expect(second.getByTestId('buy')).toBeDisabled();
    // With locks it waits for its turn. After that it may ask once more, with the same id: what one tab has written down
    // reaches another a moment later.
    if (locks) {
      await expect.poll(() => second.evaluate(async () => (await navigator.locks.query()).pending?.length)).toBe(1);
      expect(attempts).toHaveLength(1);
    } else {
      await expect.poll(() => attempts.length).toBe(2);
    }
    release();
    await expect(first.getByText('Slot 1 is yours')).toBeVisible();
    await expect(second.getByText('Slot 1 is yours')).toBeVisible();
    await first.reload();
    await expect(first.getByText('Slot 1 is yours')).toBeVisible();
    expect(new Set(attempts).size).toBe(1);
    expect(attempts.length).toBeLessThanOrEqual(2);
    expect(await balance(server, token)).toBe(99_000);
    const { slots } = await server.must<{ slots: unknown[] }>('GET', '/api/campaigns/sue/1/slots');
    expect(slots).toHaveLength(1);
  });
}

test('somebody buys while the buyer looks: nothing is bought at the new price by an old click', async ({ server, page }) => {
  const { token } = await readyToBuy(server, page);
  const bob = await server.account('bob', 50_000);
  await server.buy(bob, 'sue/1', 1, await server.ad(bob, lake(), 'Bob'));
  await expect(page.getByText('Slot 1 has just been sold')).toBeVisible();
  await expect(page.getByTestId('buy')).toHaveCount(0);
  await page.getByRole('button', { name: 'Go on with slot 2' }).click();
  await expect(page.getByTestId('buy')).toBeEnabled();
  expect(await balance(server, token)).toBe(100_000);
});

test('a price above what was agreed to', async ({ server, page, watched }) => {
  watched.allow(/status of 409/);
  const { token } = await readyToBuy(server, page);
  await page.route(SLOT, (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    return route.continue({ postData: JSON.stringify({ ...(route.request().postDataJSON() as object), highest_price_sat: 999 }) });
  });
  await page.getByTestId('buy').click();
  await expect(page.getByText('The price has moved')).toBeVisible();
  await page.unroute(SLOT);
  await page.getByRole('button', { name: 'Look at the price now' }).click();
  await page.getByTestId('buy').click();
  await expect(page.getByText('Slot 1 is yours')).toBeVisible();
  await expect.poll(() => balance(server, token)).toBe(99_000);
});

test('money that was spent elsewhere, and too little from the start', async ({ server, page, watched }) => {
  watched.allow(/status of 402/);
  const { token, sue } = await readyToBuy(server, page, 1500);
  await server.campaign(sue, { title: 'Another place' });
  await server.buy(token, 'sue/2', 1, 1);
  await page.getByTestId('buy').click();
  await expect(page.getByText('Your balance does not cover it')).toBeVisible();
  await expect(page.getByText('You were not charged')).toBeVisible();
  await page.getByRole('button', { name: 'Back to the offer' }).click();
  await expect(page.getByText('Your balance is 500 sat short')).toBeVisible();
  await expect(page.getByTestId('buy')).toBeDisabled();
  await expect.poll(() => balance(server, token)).toBe(500);
});

test('an account that is held, and an outcome that is not known', async ({ server, page, watched }) => {
  watched.allow(/status of (423|503)/);
  const { token } = await readyToBuy(server, page);
  // A real store leaves nothing undecided on command: two answers are made up, the rest is the server's.
  const answers = [
    { status: 423, json: { type: 'about:blank', title: 'Locked', status: 423, code: 'account_held', detail: 'another purchase is undecided' } },
    { status: 503, json: { type: 'about:blank', title: 'Service Unavailable', status: 503, code: 'undecided', detail: 'the store has not said whether it was written', repeat: true } },
  ];
  const attempts = new Set<string>();
  await page.route(SLOT, async (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    attempts.add((route.request().postDataJSON() as { attempt: string }).attempt);
    const answer = answers.shift();
    if (!answer) return route.continue();
    await route.fulfill({ status: answer.status, contentType: 'application/problem+json', headers: { 'Retry-After': '1' }, body: JSON.stringify(answer.json) });
  });
  await page.getByTestId('buy').click();
  await expect(page.getByText('Another purchase of yours comes first')).toBeVisible();
  await expect(page.getByText('Not known yet whether slot 1 is yours')).toBeVisible();
  await expect(page.getByText('Slot 1 is yours')).toBeVisible();
  expect(attempts.size).toBe(1);
  await expect.poll(() => balance(server, token)).toBe(99_000);
});

test('a session that has ended, and a category that is not taken', async ({ server, page, watched }) => {
  watched.allow(/status of 401/);
  const { token, sue } = await readyToBuy(server, page);
  await server.campaign(sue, { title: 'No travel', refused_categories: ['travel'] });
  await page.goto('/campaigns/sue/2');
  await expect(page.getByText('The seller does not take ads of the category “travel”')).toBeVisible();
  await expect(page.getByTestId('buy')).toBeDisabled();
  await page.goto('/campaigns/sue/1');
  await expect(page.getByTestId('buy')).toBeEnabled();
  await server.must('DELETE', '/api/sessions', undefined, token);
  await page.getByTestId('buy').click();
  await expect(page.getByRole('link', { name: 'Log in to buy' })).toBeVisible();
  expect(await balance(server, token)).toBe(100_000);
  await page.getByRole('link', { name: 'Log in to buy' }).click();
  await expect(page.getByText('Your session has ended')).toBeVisible();
  await page.getByLabel('User name').fill('ann');
  await page.getByLabel('Password', { exact: true }).fill('the password of ann');
  await page.locator('form').getByRole('button', { name: 'Log in' }).click();
  await expect(page).toHaveURL(/\/campaigns\/sue\/1$/);
  await page.getByTestId('buy').click();
  await expect(page.getByText('Slot 1 is yours')).toBeVisible();
  await expect.poll(() => balanceIn(page)).toBe(99_000);
});
