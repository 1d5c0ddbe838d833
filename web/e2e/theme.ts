// Colours are measured when those that fade into others have arrived: on the way they are neither theme's.
import type { Page } from '@playwright/test';

export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    // What has just changed is in the style from the next frame on.
    for (let frame = 0; frame < 2; ++frame) await new Promise((drawn) => requestAnimationFrame(drawn));
    await Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished));
  });
}

export async function useTheme(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await settled(page);
}
