// Serves the built site on the loopback address as CloudFront serves it: its own function finds the file, the same
// headers go with every answer, and what is missing answers 404 with /404.html.

import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { STAMP } from './stamp.mjs';

const SITE = fileURLToPath(new URL('..', import.meta.url));
const FUNCTION = path.join(SITE, '..', 'functions', 'directory_index.js');
// What components/static_site.py sends; tests/site/test_same_headers.py compares the two.
export const POLICY = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
const TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.xml': 'application/xml; charset=utf-8',
};

/** Serve `folder` at its base path, on a port that is free; `url` of the first page, and `close`. */
export async function serve(folder = path.join(SITE, 'dist')) {
    const { base } = readStamp(folder);
    const handler = vm.runInNewContext(`${readFileSync(FUNCTION, 'utf8')}; handler`);
    const server = createServer((request, response) => answer(request, response, { folder, base, handler }));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections()));
    return { url: `http://127.0.0.1:${server.address().port}${base.replace(/\/?$/, '/')}`, close };
}

/** What the site was built from and for. Throws, with a sentence, when it is not built. */
export function readStamp(folder = path.join(SITE, 'dist')) {
    try {
        return JSON.parse(readFileSync(path.join(folder, STAMP), 'utf8'));
    } catch {
        throw new Error(`${folder} holds no built site: \`npm run build\` first`);
    }
}

function answer(request, response, { folder, base, handler }) {
    const { pathname, search } = new URL(request.url, 'http://127.0.0.1');
    const event = { request: { uri: pathname, rawQueryString: () => search.slice(1) } };
    const decided = handler(event);
    if (decided.statusCode) {
        response.writeHead(decided.statusCode, { location: decided.headers.location.value });
        response.end();
        return;
    }
    const wanted = decided.uri === '/' ? '/index.html' : decided.uri;
    const found = fileAt(folder, wanted, base);
    const file = found ?? path.join(folder, '404.html');
    const hashed = found && path.relative(folder, file).startsWith('assets/');
    response.writeHead(found ? 200 : 404, {
        'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream',
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'public, max-age=0, must-revalidate',
    });
    response.end(request.method === 'HEAD' ? undefined : readFileSync(file));
}

function fileAt(folder, uri, base) {
    const inside = base.replace(/\/$/, '');
    if (!uri.startsWith(`${inside}/`)) {
        return undefined;
    }
    const file = path.join(folder, decodeURIComponent(uri.slice(inside.length)));
    const held = file.startsWith(folder + path.sep) && path.basename(file) !== STAMP;
    return held && statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}
