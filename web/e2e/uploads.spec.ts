// Uploads: what is refused says why, what is good is shown as it is.
import { expect, logIn, test } from './fixtures';
import { lake, picture } from './picture';

test('refused files and good ones', async ({ server, page, watched }) => {
  watched.allow(/status of 400/);
  await server.account('ann');
  await logIn(page, 'ann');
  await page.goto('/account/ads');
  await expect(page.getByText('No ad yet')).toBeVisible();
  const file = page.locator('input[type=file]');
  const refused = page.locator('p.wrong[role=alert]');

  await file.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  await expect(refused).toContainText('“notes.txt” is of the type text/plain. It must be a PNG, JPEG, GIF or WebP.');
  await file.setInputFiles({ name: 'drawing.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') });
  await expect(refused).toContainText('image/svg+xml');
  await file.setInputFiles({ name: 'noise.png', mimeType: 'image/png', buffer: picture(400, 400, [0, 0, 0], [0, 0, 0], true) });
  await expect(refused).toContainText(/“noise.png” has \d+ KiB; at most 256 KiB are allowed/);
  await file.setInputFiles({ name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) });
  await expect(refused).toContainText('“empty.png” is empty.');
  await file.setInputFiles({ name: 'broken.png', mimeType: 'image/png', buffer: Buffer.concat([lake().subarray(0, 40), Buffer.from('nonsense')]) });
  await expect(refused).toContainText('its contents are none that can be shown');

  // What only the server finds wrong is said in its words; nothing that was typed is lost.
  await page.getByRole('button', { name: 'Make the ad' }).click();
  await expect(page.getByLabel('Where it leads')).toHaveAttribute('aria-invalid', 'true');
  const bytes = lake();
  await file.setInputFiles({ name: 'trailing.png', mimeType: 'image/png', buffer: Buffer.concat([bytes, Buffer.from('<script>')]) });
  await page.getByLabel('Where it leads').fill('https://user:secret@ann.example/');
  await page.getByLabel('Text').fill('The lake');
  await page.getByLabel('Category').fill('travel');
  await page.getByRole('button', { name: 'Make the ad' }).click();
  await expect(page.getByText('The ad was refused')).toBeVisible();
  await expect(page.getByText(/^Link: /)).toBeVisible();
  await expect(page.getByLabel('Text')).toHaveValue('The lake');

  // Dropped, shown at its real size, and made.
  const data = await page.evaluateHandle((base64) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))], 'lake.png', { type: 'image/png' }));
    return transfer;
  }, bytes.toString('base64'));
  const drop = page.locator('.drop');
  await drop.dispatchEvent('dragover', { dataTransfer: data });
  await drop.dispatchEvent('drop', { dataTransfer: data });
  const preview = page.getByAltText('What you have chosen');
  await expect(preview).toBeVisible();
  expect(await preview.evaluate((image: HTMLImageElement) => [image.clientWidth, image.clientHeight])).toEqual([300, 250]);
  await page.getByLabel('Where it leads').fill('https://ann.example/lake');
  await page.getByRole('button', { name: 'Make the ad' }).click();
  await expect(page.getByText('Ad 1 is ready')).toBeVisible();
  await expect(page.locator('[data-ad="1"]')).toContainText('The lake');
  await expect(page.locator('[data-ad="1"] img')).toHaveJSProperty('naturalWidth', 300);
});
