import AxeBuilder from '@axe-core/playwright';
import { expect, pagesOf, test } from './site';

const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

for (const scheme of ['light', 'dark'] as const) {
    test(`axe finds nothing on any page in ${scheme}`, async ({ page, served }) => {
        test.slow();
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        for (const path of [...(await pagesOf(page, served)), './nowhere/']) {
            await test.step(path, async () => {
                await page.goto(path);
                const { violations } = await new AxeBuilder({ page }).withTags(STANDARDS).analyze();
                const told = violations.map((each) => `${path} ${each.id}: ${each.nodes.map((node) => node.html).join(' ')}`);
                expect(told).toEqual([]);
            });
        }
    });
}

test('the page is dark where the visitor prefers it', async ({ page }) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto('./');
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).not.toBe(light);
});

for (const width of [320, 768, 1440]) {
    test(`nothing is wider than a window of ${width} pixels`, async ({ page, served }) => {
        await page.setViewportSize({ width, height: 800 });
        for (const path of [...(await pagesOf(page, served)), './nowhere/']) {
            await test.step(path, async () => {
                await page.goto(path);
                const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
                expect(over).toBeLessThanOrEqual(0);
            });
        }
    });
}
