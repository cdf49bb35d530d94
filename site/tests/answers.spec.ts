import { expect, pagesOf, parse, test } from './site';

test('the sitemap names pages that exist, each once, and says where the site is', async ({ page, served }) => {
    const paths = await pagesOf(page, served);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.some((path) => path.includes('404'))).toBe(false);
    for (const path of paths) {
        expect((await page.request.get(path)).status(), path).toBe(200);
    }
    const robots = await (await page.request.get('./robots.txt')).text();
    expect(robots).toMatch(/^Sitemap: https?:\/\/.+\/sitemap-index\.xml$/m);
});

test('the feed is valid RSS whose items lead to pages', async ({ page, served }) => {
    const answer = await page.request.get('./rss.xml');
    expect(answer.headers()['content-type']).toMatch(/xml/);
    const { rss } = parse(await answer.text());
    expect(rss['@_version']).toBe('2.0');
    expect(rss.channel.title).toBeTruthy();
    expect(rss.channel.description).toBeTruthy();
    expect(URL.canParse(rss.channel.link)).toBe(true);
    const paths = await pagesOf(page, served);
    const times: number[] = rss.channel.item.map((item: { pubDate: string }) => Date.parse(item.pubDate));
    expect(times).toEqual([...times].sort((one, other) => other - one));
    for (const item of rss.channel.item) {
        expect(item.title && item.description && item.guid).toBeTruthy();
        expect(paths).toContain(new URL(item.link).pathname);
    }
});

test('every answer closes what a page does not need', async ({ page }) => {
    for (const path of ['./', './rss.xml', './nowhere/']) {
        const headers = (await page.request.get(path)).headers();
        expect(headers['content-security-policy'], path).toContain("default-src 'self'");
        expect(headers['content-security-policy'], path).not.toContain('unsafe-inline');
        expect(headers['x-content-type-options'], path).toBe('nosniff');
    }
});

test('a file whose name changes with its content is kept, a page is asked for again', async ({ page }) => {
    const answer = await page.goto('./');
    expect(answer?.headers()['cache-control']).toMatch(/max-age=0/);
    const sheet = await page.locator('link[rel=stylesheet]').first().getAttribute('href');
    expect(sheet).toContain('/assets/');
    const kept = await page.request.get(new URL(sheet ?? '', page.url()).href);
    expect(kept.headers()['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(kept.headers()['content-type']).toMatch(/text\/css/);
});
