// Bitcoin in, bitcoin out: the real server, a real bitcoin node, and people at their pages.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { balanceIn, expect, logIn, tabTo, test as base } from './fixtures';
import { BitcoinNode, BitcoinSettings, SEGWIT_FROM } from './node';
import { Server } from './server';
import { useTheme } from './theme';

const ELSEWHERE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'; // nobody's here
const MATURE = 100; // blocks on top of a miner's coin before it may be spent

const test = base.extend<{ node: BitcoinNode; settings: BitcoinSettings }>({
  node: async ({}, use) => {
    const node = new BitcoinNode();
    await node.start();
    await node.mine(SEGWIT_FROM + 8, ELSEWHERE);
    await use(node);
    await node.stop();
  },
  settings: async ({ node }, use) => {
    const settings = new BitcoinSettings(node);
    await use(settings);
    settings.remove();
  },
  server: async ({ settings }, use) => {
    const server = new Server('--bitcoin', settings.file);
    await server.start();
    await use(server);
    await server.remove();
  },
});

// Nothing that axe-core objects to, in either theme; nothing that is wider than a phone.
async function looksRight(page: Page, name: string): Promise<void> {
  const violations = [];
  for (const [colorScheme, width] of [['light', 1280], ['dark', 375]] as const) {
    await page.setViewportSize({ width, height: 900 });
    await useTheme(page, colorScheme);
    const axe = new AxeBuilder({ page });
    violations.push(...(await (colorScheme === 'light' ? axe : axe.withRules('color-contrast')).analyze()).violations); // the rest is the same
    const [screen, content] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
    expect(content, `${name}: wider than the screen`).toBeLessThanOrEqual(screen!);
    await page.screenshot({ path: `test-results/pages/bitcoin-${name}-${colorScheme}.png`, fullPage: true, animations: 'disabled' });
  }
  await useTheme(page, 'light');
  await page.setViewportSize({ width: 1280, height: 900 });
  expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map((one) => `${one.html.slice(0, 160)} ${one.failureSummary?.slice(0, 300)}`) })), name).toEqual([]);
}

async function opened(server: Server, settings: BitcoinSettings): Promise<string> {
  const operator = await server.operator();
  await server.must('POST', '/api/operator/bitcoin/shards', { key: settings.shard }, operator);
  return operator;
}

test('a deposit is seen, confirmed and credited while its owner looks on', async ({ server, settings, node, newContext }) => {
  await server.operator();
  await server.account('ann');
  const operator = await (await newContext()).newPage();
  const ann = await (await newContext()).newPage();

  // Before there is a shard nothing can be paid in; the operator adds one.
  await logIn(ann, 'ann');
  await ann.goto('/account/deposit');
  await expect(ann.getByTestId('off')).toContainText('No bitcoin can be paid in now');
  await logIn(operator, 'opa');
  await operator.goto('/operator');
  await operator.getByRole('link', { name: 'Bitcoin' }).click();
  await expect(operator.getByText('There is none yet')).toBeVisible();
  await operator.getByLabel(/^Extended public key/).fill(settings.shard);
  await operator.getByRole('checkbox', { name: 'one' }).check();
  await operator.getByRole('button', { name: 'Add the shard' }).click();
  await expect(operator.getByText('Shard 0 is there.')).toBeVisible();
  await expect(operator.locator('[data-shard="0"]')).toContainText('one');
  await expect(operator.locator('[data-node="one"]')).toContainText('in use');
  await expect(operator.getByTestId('chain')).toHaveText('up to date');

  // An address, with its picture and its link.
  await ann.reload();
  await ann.getByRole('button', { name: 'Make my address' }).click();
  const address = ((await ann.getByRole('region', { name: 'Your deposit address' }).textContent()) ?? '').trim();
  expect(address).toMatch(/^bcrt1q[a-z0-9]{38}$/);
  await expect(ann.getByRole('link', { name: 'Open in a wallet' })).toHaveAttribute('href', `bitcoin:${address}`);
  await expect(ann.getByRole('img', { name: /QR code/ })).toHaveAttribute('data-qr', `bitcoin:${address}`);
  await expect(ann.getByText('Do not send real bitcoin')).toBeVisible();
  await expect(ann.getByText('It is credited after 3 confirmations.')).toBeVisible();
  await expect(ann.getByText('Nothing yet')).toBeVisible();
  await expect(ann.locator('[data-live=live]')).toBeVisible();

  // Each block is followed without a touch.
  const row = ann.locator('[data-deposit]');
  await node.mine(1, address);
  await expect(row).toHaveAttribute('data-state', 'confirming');
  await expect(row.getByTestId('state')).toHaveText('1 of 3 confirmations');
  await expect(row.getByRole('progressbar')).toHaveAttribute('value', '1');
  const amount = Number(await row.locator('[data-sat]').first().getAttribute('data-sat'));
  expect(amount).toBeGreaterThan(0);
  expect(await balanceIn(ann)).toBe(0);
  await node.mine(1, ELSEWHERE);
  await expect(row.getByTestId('state')).toHaveText('2 of 3 confirmations');
  await node.mine(1, ELSEWHERE);
  await expect(row).toHaveAttribute('data-state', 'credited');
  await expect.poll(() => balanceIn(ann)).toBe(amount);
  await looksRight(ann, 'deposit');

  // The ledger leads to it.
  await ann.getByRole('link', { name: 'Balance', exact: true }).click();
  await expect(ann.locator('tbody tr')).toContainText('Bitcoin deposit');
  await ann.locator('tbody tr').getByRole('link').click();
  await expect(row).toBeFocused();

  // The operator sees what is owed now.
  await operator.getByRole('button', { name: 'Add up again' }).click();
  await expect(operator.getByTestId('owed').locator('[data-sat]')).toHaveAttribute('data-sat', String(amount));
  const download = operator.waitForEvent('download');
  await operator.getByRole('button', { name: 'Save as CSV' }).click();
  const { readFileSync } = await import('node:fs');
  expect(readFileSync(await (await download).path(), 'utf8')).toContain(`\r\nann,${amount},0,0,${amount}\r\n`);

  // And may look at the blocks again, which changes nothing.
  await operator.getByLabel(/^Look again at all blocks/).fill('441');
  await operator.getByRole('button', { name: 'Rescan' }).click();
  await operator.getByRole('button', { name: 'Yes, rescan' }).click();
  await expect(operator.getByText('All blocks from 441 on are being looked at again')).toBeVisible();
  await expect(row).toHaveAttribute('data-state', 'credited');
  expect(await balanceIn(ann)).toBe(amount);
});

test('a withdrawal is asked for once, approved, paid and final', async ({ server, settings, node, newContext, watched }) => {
  test.slow();
  watched.allow(/status of 400/); // an address that is none
  const token = await opened(server, settings);
  const { wallet } = await server.must<{ wallet: { address: string } }>('GET', '/api/operator/bitcoin', undefined, token);
  const owner = await server.account('ann', 3_000_000);
  const ann = await (await newContext()).newPage();
  const operator = await (await newContext()).newPage();

  // What cannot be is said at its field.
  await logIn(ann, 'ann');
  await ann.goto('/account/withdraw');
  const to = ann.getByLabel('Address');
  const amount = ann.getByLabel(/^Amount/);
  await ann.getByRole('button', { name: 'Check it' }).click();
  await expect(to).toBeFocused();
  await ann.getByRole('button', { name: 'Everything' }).click();
  await expect(amount).toHaveValue('2\u202f999\u202f500');
  await expect(ann.getByText('You pay')).toContainText('3\u202f000\u202f000');
  await to.fill(`${ELSEWHERE.slice(0, -1)}q`);
  await amount.fill('0.02');
  await ann.getByRole('button', { name: 'Check it' }).click();
  await ann.getByRole('button', { name: /^Withdraw/ }).click();
  await expect(to).toBeFocused();
  await expect(to).toHaveAttribute('aria-invalid', 'true');
  expect(await balanceIn(ann)).toBe(3_000_000);
  await looksRight(ann, 'withdraw');

  // Looked at, and clicked twice: the answer is lost once, and asked for again.
  await to.fill(`bitcoin:${ELSEWHERE}?label=mine`);
  await ann.getByRole('button', { name: 'Check it' }).click();
  const question = ann.getByTestId('confirm');
  await expect(question).toBeFocused();
  await expect(question.locator('[data-address] > span')).toHaveText(ELSEWHERE.match(/.{1,4}/g)!);
  await expect(question).toContainText('The operator will be asked first');
  await looksRight(ann, 'withdraw-confirm');
  const attempts: string[] = [];
  watched.allow(/ERR_FAILED|ERR_CONNECTION/);
  await ann.route('**/api/me/withdrawals/*', async (route) => {
    attempts.push(route.request().url());
    if (attempts.length > 1) return route.continue();
    expect((await route.fetch()).status()).toBe(201);
    await route.abort('connectionreset');
  });
  await ann.getByRole('button', { name: /^Withdraw/ }).dblclick();
  await expect(ann.getByText('The withdrawal has been taken, once')).toBeVisible();
  expect(attempts.length).toBeGreaterThan(1);
  expect(new Set(attempts).size).toBe(1);
  await ann.unroute('**/api/me/withdrawals/*');
  await ann.reload();
  await expect(ann.getByText('The withdrawal has been taken, once')).toBeVisible();
  const row = ann.locator('[data-withdrawal]');
  await expect(row).toHaveCount(1);
  await expect(row.getByTestId('state')).toHaveText('waits for approval');
  await expect.poll(() => balanceIn(ann)).toBe(999_500);

  // A second one, made and taken back without a mouse.
  await ann.getByRole('button', { name: 'Make another one' }).press('Enter');
  await expect(to).toBeFocused();
  await ann.keyboard.type(ELSEWHERE);
  await tabTo(ann, /^Amount/);
  await ann.keyboard.type('10 000');
  await ann.keyboard.press('Enter');
  await expect(question).toBeFocused();
  await tabTo(ann, /^Withdraw 10/);
  await ann.keyboard.press('Enter');
  await expect(row).toHaveCount(2);
  await expect(ann.getByText('The withdrawal has been taken, once')).toBeVisible();
  await tabTo(ann, /^Cancel it: the withdrawal of 10000 satoshi$/);
  await ann.keyboard.press('Enter');
  await tabTo(ann, /^Yes, cancel it$/);
  await ann.keyboard.press('Enter');
  await expect(row.first()).toHaveAttribute('data-state', 'cancelled');
  await expect.poll(() => balanceIn(ann)).toBe(999_500);

  // The operator approves the first; it waits for coins, which come.
  await logIn(operator, 'opa');
  await operator.goto('/operator/bitcoin');
  const asked = operator.locator('[data-withdrawal]');
  await expect(asked).toHaveCount(1);
  await expect(asked.locator('[data-address]')).toHaveAttribute('data-address', ELSEWHERE);
  await looksRight(operator, 'operator');
  await asked.getByRole('button', { name: /^Approve/ }).click();
  await asked.getByRole('button', { name: 'Yes, pay it' }).click();
  await expect(operator.getByText('None waits for approval.')).toBeVisible();
  await expect(row.last().getByTestId('state')).toHaveText('waits for coins');
  await expect(operator.getByText('It has too little to pay what is approved')).toBeVisible();
  await node.mine(1, wallet.address);
  await node.mine(MATURE, ELSEWHERE);
  await expect(row.last()).toHaveAttribute('data-state', 'signed');

  // Its fee is raised before a block takes it; then it is paid, and final.
  await expect(operator.locator('[data-payout="1"]')).toBeVisible();
  await operator.getByRole('button', { name: /^Raise the fee/ }).click();
  await operator.getByRole('button', { name: 'Yes, raise it' }).click();
  await expect(operator.locator('[data-payout="1"]')).toContainText('raised once');
  const mempool = () => node.call<string[]>('getrawmempool');
  await expect.poll(async () => (await mempool()).length).toBe(1);
  const [paying] = await mempool();
  const { vout } = await node.call<{ vout: { value: number; scriptPubKey: { addresses: string[] } }[] }>('getrawtransaction', paying, true);
  expect(vout.filter((one) => one.scriptPubKey.addresses.includes(ELSEWHERE)).map((one) => one.value)).toEqual([0.02]);
  await node.mine(1, ELSEWHERE);
  await expect(row.last().getByTestId('state')).toHaveText('1 of 6 confirmations');
  await expect(row.last().locator('code')).toHaveAttribute('title', paying!);
  await node.mine(5, ELSEWHERE);
  await expect(row.last()).toHaveAttribute('data-state', 'final');
  const { withdrawals } = await server.must<{ withdrawals: { amount_sat: number; state: string; transaction: string | null }[] }>('GET', '/api/me/withdrawals', undefined, owner);
  expect(withdrawals.map(({ amount_sat, state }) => [amount_sat, state])).toEqual([[10_000, 'cancelled'], [2_000_000, 'final']]);
  await looksRight(ann, 'withdrawn');

  // The ledger has each of them, and leads to it.
  await ann.goto('/account');
  await expect(ann.locator('tbody tr')).toHaveCount(4); // credited, withdrawn, withdrawn, and back
  await ann.locator('tbody tr').filter({ hasText: 'Withdrawal cancelled' }).getByRole('link').click();
  await expect(row.first()).toBeFocused();
});

base('where bitcoin is off the pages say so', async ({ server, page, newContext }) => {
  await server.account('ann', 50_000);
  await server.operator();
  await logIn(page, 'ann');
  for (const path of ['/account/deposit', '/account/withdraw']) {
    await page.goto(path);
    await expect(page.getByTestId('off')).toContainText('This market takes no bitcoin');
    await expect(page.getByTestId('off')).toContainText('made by the operator');
  }
  await looksRight(page, 'off');
  const operator = await (await newContext()).newPage();
  await logIn(operator, 'opa');
  await operator.goto('/operator/bitcoin');
  await expect(operator.getByTestId('off')).toContainText('This market takes no bitcoin');
  await expect(operator.getByTestId('owed').locator('[data-sat]')).toHaveAttribute('data-sat', '50000');
});
