// Everything by keyboard alone, down to the purchase.
import { expect, tabTo, test } from './fixtures';
import { lake } from './picture';
import { passwordOf } from './server';

test('from the market to a bought slot without a mouse', async ({ server, page }) => {
  const sue = await server.account('sue');
  await server.campaign(sue);
  const token = await server.account('ann', 50_000);
  await server.ad(token, lake(), 'The first');
  await server.ad(token, lake(), 'The second');

  await page.goto('/');
  await expect(page.locator('[data-campaign]')).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();
  await tabTo(page, /^Top of the river guide$/);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/campaigns\/sue\/1$/);
  await expect(page.locator('main')).toBeFocused();
  await expect(page.getByRole('link', { name: 'Log in to buy' })).toBeVisible();
  await tabTo(page, /^Log in to buy$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await tabTo(page, /^User name$/);
  await page.keyboard.type('ann');
  await tabTo(page, /^Password$/);
  await page.keyboard.type(passwordOf('ann'));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/campaigns\/sue\/1$/);
  await expect(page.getByTestId('buy')).toBeEnabled();
  await tabTo(page, /^The ad to show$/);
  const chosen = page.getByLabel('The ad to show');
  const first = await chosen.inputValue();
  await page.keyboard.press('ArrowDown');
  await expect(chosen).not.toHaveValue(first);
  await tabTo(page, /^Buy for/);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Slot 1 is yours')).toBeVisible();
  await tabTo(page, /^See it in your ledger$/);
  await page.keyboard.press('Enter');
  await expect(page.locator('tbody tr').first()).toContainText('Slot bought');
});
