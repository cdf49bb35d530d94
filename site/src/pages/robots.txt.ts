import type { APIContext } from 'astro';
import { to } from '../lib/site';

export function GET(context: APIContext): Response {
    const sitemap = new URL(to('/sitemap-index.xml'), context.site).href;
    return new Response(`User-agent: *\nAllow: /\nDisallow: /previews/\n\nSitemap: ${sitemap}\n`);
}
