import sitemap from '@astrojs/sitemap';
import { defineConfig, passthroughImageService } from 'astro/config';
import { stamp } from './scripts/stamp.mjs';

// `make site STACK=…` says both: where the site will answer, and under which path.
const site = process.env.SITE_URL ?? 'https://www.example.com';
const base = process.env.SITE_BASE ?? '/';

export default defineConfig({
    site,
    base,
    trailingSlash: 'always',
    devToolbar: { enabled: false },
    image: { service: passthroughImageService() },
    // Its colours are inline styles, which the Content-Security-Policy of the site refuses.
    markdown: { syntaxHighlight: false },
    build: {
        // CloudFront keeps what is there for a year: `socle:site.hashed_paths`.
        assets: 'assets',
        // Likewise for the Content-Security-Policy: no style, script or image inside a page.
        inlineStylesheets: 'never',
    },
    vite: { build: { assetsInlineLimit: 0 } },
    integrations: [sitemap(), stamp({ site, base })],
});
