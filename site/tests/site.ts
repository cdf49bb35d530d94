import { test as plain, expect, type Page } from '@playwright/test';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { serve } from '../scripts/serve.mjs';

interface Served {
    /** Address of the first page, with its last slash. */
    served: string;
}

interface Watched {
    /** What a page did that it should not: errors, refusals, requests to others. Empty at the end of every test. */
    complaints: string[];
}

/** Tests of the site at BASE_URL, or of the built one on this machine. */
export const test = plain.extend<Watched, Served>({
    served: [
        async ({}, use) => {
            if (process.env['BASE_URL']) {
                await use(process.env['BASE_URL']);
                return;
            }
            const server = await serve();
            await use(server.url);
            await server.close();
        },
        { scope: 'worker' },
    ],
    baseURL: async ({ served }, use) => {
        await use(served);
    },
    complaints: [
        async ({ page, served }, use) => {
            const complaints: string[] = [];
            watch(page, new URL(served).origin, complaints);
            await use(complaints);
            expect(complaints).toEqual([]);
        },
        { auto: true },
    ],
});

function watch(page: Page, origin: string, complaints: string[]): void {
    page.on('console', (message) => {
        // Chromium says it of every page that answers 404, and one test asks for such a page.
        const missing = message.text().includes('404') && message.location().url.includes('/nowhere/');
        if (['error', 'warning'].includes(message.type()) && !missing) {
            complaints.push(`console: ${message.text()}`);
        }
    });
    page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
    page.on('requestfailed', (request) => {
        // Aborted is what a visitor did who went on before all was there.
        if (request.failure()?.errorText !== 'net::ERR_ABORTED') {
            complaints.push(`failed: ${request.url()}`);
        }
    });
    page.on('request', (request) => {
        if (new URL(request.url()).origin !== origin) {
            complaints.push(`to another site: ${request.url()}`);
        }
    });
    page.on('response', (response) => {
        if (response.status() >= 400 && !response.url().includes('/nowhere/')) {
            complaints.push(`${response.status()}: ${response.url()}`);
        }
    });
}

const XML = new XMLParser({ ignoreAttributes: false, isArray: (name) => ['url', 'item', 'sitemap'].includes(name) });

/** What a file of XML holds; it has to be well formed. */
export function parse(text: string): any {
    expect(XMLValidator.validate(text)).toBe(true);
    return XML.parse(text);
}

/** Paths of all pages, from the sitemap of the site. */
export async function pagesOf(page: Page, served: string): Promise<string[]> {
    const read = async (address: string) => parse(await (await page.request.get(address)).text());
    const index = await read(new URL('sitemap-index.xml', served).href);
    const parts: string[] = index.sitemapindex.sitemap.map((each: { loc: string }) => new URL(each.loc).pathname);
    const maps = await Promise.all(parts.map((part) => read(new URL(part, served).href)));
    return maps.flatMap((map) => map.urlset.url.map((each: { loc: string }) => new URL(each.loc).pathname));
}

export { expect };
