import { expect, pagesOf, test } from './site';

test('a visitor finds a project from the first page, reads it, and goes on to the next', async ({ page }) => {
    await page.goto('./');
    await expect(page).toHaveTitle(/devu42/);
    await page.getByRole('link', { name: 'See the projects' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Projects');
    await page.getByRole('link', { name: 'Backups that are tried' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Backups that are tried');
    const before = page.url();
    await page.getByRole('link', { name: /^Next:/ }).click();
    await expect(page).not.toHaveURL(before);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('the menu says where one is', async ({ page }) => {
    const menu = page.getByRole('navigation', { name: 'Main' });
    await page.goto('./about/');
    await expect(menu.getByRole('link', { name: 'About' })).toHaveAttribute('aria-current', 'page');
    await menu.getByRole('link', { name: 'Projects' }).click();
    await expect(menu.getByRole('link', { name: 'Projects' })).toHaveAttribute('aria-current', 'page');
    await page.getByRole('link', { name: 'This site' }).click();
    await expect(menu.getByRole('link', { name: 'Projects' })).toHaveAttribute('aria-current', 'true');
    await expect(menu.locator('[aria-current]')).toHaveCount(1);
});

test('the keyboard reaches the content in two strokes, and the focus is seen', async ({ page }) => {
    await page.goto('./projects/');
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to the content' });
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport();
    await page.keyboard.press('Enter');
    await expect(page.locator('main')).toBeFocused();
});

test('the way to contact us is an address for mail', async ({ page }) => {
    await page.goto('./');
    await page.getByRole('link', { name: 'Talk to us' }).click();
    await expect(page.getByRole('heading', { name: 'Contact' })).toBeInViewport();
    await expect(page.getByRole('main').getByRole('link', { name: /@/ })).toHaveAttribute('href', /^mailto:.+@.+\..+/);
});

test('a page that does not exist answers 404 and leads back', async ({ page }) => {
    const answer = await page.goto('./nowhere/');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing stands here.');
    await page.getByRole('link', { name: 'Go to the first page' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Small teams deserve a solid base.');
});

test('an address without its last slash leads to the page', async ({ page }) => {
    await page.goto('./about?from=mail');
    expect(new URL(page.url()).pathname).toMatch(/\/about\/$/);
    expect(new URL(page.url()).search).toBe('?from=mail');
});

test('every page loads without an error, from this site alone, and without a script', async ({ page, served }) => {
    const paths = await pagesOf(page, served);
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) {
        await test.step(path, async () => {
            const answer = await page.goto(path);
            expect(answer?.status()).toBe(200);
            expect(await page.locator('script').count()).toBe(0);
            await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
        });
    }
});
