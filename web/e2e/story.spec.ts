// The whole story: a seller offers a place, two advertisers race for its first slot, one of them wins, the other one
// buys the next, and the seller collects.
import { balanceIn, expect, logIn, test } from './fixtures';
import { forest, lake, sunset } from './picture';
import { passwordOf } from './server';

test('a seller and two advertisers race for one slot', async ({ server, newContext, watched }) => {
  watched.allow(/status of 409 .*slots\/1/); // who comes second is refused
  const [sue, ann, bob, eve] = await Promise.all([0, 1, 2, 3].map(async () => (await newContext()).newPage()));
  if (!sue || !ann || !bob || !eve) throw new Error('four browsers');

  // Sue makes an account and a campaign.
  await sue.goto('/register?then=/account/campaigns/new');
  await sue.getByLabel('User name').fill('Sue');
  await sue.getByRole('button', { name: 'Make the account' }).click();
  await expect(sue.getByText('2 to 32 characters')).toBeVisible();
  await sue.getByLabel('User name').fill('sue');
  await sue.getByLabel('Password', { exact: true }).fill(passwordOf('sue'));
  await sue.getByRole('button', { name: 'Make the account' }).click();
  await sue.getByRole('textbox', { name: 'Name', exact: true }).fill('Top of the river guide');
  await sue.getByLabel('The page').fill('https://river.example/');
  await sue.getByLabel('Floor, in satoshi').fill('1 500');
  await expect(sue.getByText('Four buyers who wait')).toBeVisible();
  await sue.locator('input[type=file]').setInputFiles({ name: 'ours.png', mimeType: 'image/png', buffer: sunset() });
  await sue.getByLabel('Where it leads').fill('https://river.example/about');
  await sue.getByRole('button', { name: 'Make the campaign' }).click();
  await expect(sue.getByRole('heading', { name: 'Top of the river guide' })).toBeVisible();
  await expect(sue.getByRole('button', { name: 'Nothing to collect yet' })).toBeDisabled();
  await sue.getByRole('button', { name: 'Test it now' }).click();
  await expect(sue.getByText('It works: your own picture shows')).toBeVisible();

  // Ann and Bob have money and ads; Eve looks on.
  for (const [page, user, image] of [[ann, 'ann', lake()], [bob, 'bob', forest()]] as const) {
    await server.account(user, 100_000);
    await logIn(page, user);
    await page.goto('/account/ads');
    await page.locator('input[type=file]').setInputFiles({ name: `${user}.png`, mimeType: 'image/png', buffer: image });
    await page.getByLabel('Where it leads').fill(`https://${user}.example/`);
    await page.getByLabel('Text').fill(`The ad of ${user}`);
    await page.getByLabel('Category').fill('travel');
    await page.getByRole('button', { name: 'Make the ad' }).click();
    await expect(page.getByText('Ad 1 is ready')).toBeVisible();
    await page.goto('/');
    await page.getByRole('link', { name: 'Top of the river guide' }).click();
    await expect(page.getByTestId('buy')).toBeEnabled();
    await expect(page.getByTestId('price')).toContainText('1\u202f500');
  }
  await eve.goto('/');
  const card = eve.locator('[data-campaign="sue/1"]');
  await expect(card).toContainText('starts at once');
  await expect(eve.locator('[data-live=live]')).toBeVisible();

  // Both requests are on their way before either is let through.
  let held = 0;
  let release = () => {};
  const both = new Promise<void>((resolve) => (release = resolve));
  for (const page of [ann, bob]) {
    await page.route('**/api/campaigns/sue/1/slots/1', async (route) => {
      if (route.request().method() !== 'PUT') return route.continue();
      if (++held === 2) release();
      await both;
      await route.continue();
    });
  }
  await Promise.all([ann.getByTestId('buy').click(), bob.getByTestId('buy').click()]);

  const won = (page: typeof ann) => page.getByText('Slot 1 is yours');
  const lost = (page: typeof ann) => page.getByText('Somebody else was faster');
  await expect(won(ann).or(lost(ann))).toBeVisible();
  await expect(won(bob).or(lost(bob))).toBeVisible();
  const annWon = await won(ann).isVisible();
  const [winner, loser] = annWon ? [ann, bob] : [bob, ann];
  const [winnerName, loserName] = annWon ? ['ann', 'bob'] : ['bob', 'ann'];
  await expect(won(winner)).toBeVisible();
  await expect(lost(loser)).toBeVisible();
  await expect(loser.getByText('You were not charged')).toBeVisible();
  await expect.poll(() => balanceIn(winner)).toBe(98_500);
  expect(await balanceIn(loser)).toBe(100_000);

  // Eve sees the sale without a reload, and what shows now.
  await expect(card).toContainText(/starts in 23 h/);
  await expect(card).toContainText(`now: ${winnerName}`);

  // The loser goes on with the next slot, at about twice the price.
  await loser.getByRole('button', { name: 'Go on with slot 2' }).click();
  await expect(loser.getByTestId('buy')).toContainText(/Buy for [23]\u202f\d{3} sat or less/);
  await loser.getByTestId('buy').click();
  await expect(loser.getByText('Slot 2 is yours')).toBeVisible();
  await expect(loser.locator('[data-slot="2"]')).toContainText(loserName);
  await expect(winner.locator('[data-slot="2"]')).toContainText(loserName); // live, there too

  // Sue has seen the earnings grow, and collects them.
  await expect(sue.getByTestId('due').locator('[data-sat]')).not.toHaveAttribute('data-sat', /^(0|1485)$/);
  const due = Number(await sue.getByTestId('due').locator('[data-sat]').getAttribute('data-sat'));
  expect(due).toBeGreaterThan(1485 + 2900); // one percent is the operator's
  await sue.getByRole('button', { name: 'Collect into your balance' }).click();
  await expect(sue.getByText('It is in your balance')).toBeVisible();
  await expect.poll(() => balanceIn(sue)).toBe(due);

  // The ledger says why, and its file adds up.
  await loser.getByRole('link', { name: 'See it in your ledger' }).click();
  const rows = loser.locator('tbody tr');
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText('Slot bought');
  await expect(rows.first().getByRole('link', { name: 'sue/1, slot 2' })).toBeVisible();
  const download = loser.waitForEvent('download');
  await loser.getByRole('button', { name: 'Save as CSV' }).click();
  const { readFileSync } = await import('node:fs');
  const lines = readFileSync(await (await download).path(), 'utf8').trim().split('\r\n').slice(1).map((line) => line.split(','));
  expect(lines).toHaveLength(2);
  let sum = 0;
  for (const line of lines) {
    sum += Number(line[3]);
    expect(Number(line[4])).toBe(sum);
  }
  expect(await balanceIn(loser)).toBe(sum);
});
