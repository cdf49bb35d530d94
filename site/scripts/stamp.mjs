// Writes beside the built pages what they were built from, so that `make publish` can tell an old build from a new one.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const STAMP = '.build.json';
const SOURCES = ['astro.config.mjs', 'package-lock.json', 'public', 'src', 'tsconfig.json'];

/** Digest of everything that a build reads: one line for each file, in order of its path. */
export function digestOfSources(root = ROOT) {
    const files = SOURCES.flatMap((name) => filesOf(root, name)).sort();
    const whole = createHash('sha256');
    for (const file of files) {
        const digest = createHash('sha256').update(readFileSync(path.join(root, file))).digest('hex');
        whole.update(`${file} ${digest}\n`);
    }
    return whole.digest('hex');
}

function filesOf(root, name) {
    const entries = readdirSync(path.join(root, path.dirname(name)), { withFileTypes: true });
    const entry = entries.find((each) => each.name === path.basename(name));
    if (!entry?.isDirectory()) {
        return entry ? [name] : [];
    }
    return readdirSync(path.join(root, name)).flatMap((each) => filesOf(root, `${name}/${each}`));
}

/** The integration of Astro that does it. */
export function stamp({ site, base }) {
    return {
        name: 'socle-stamp',
        hooks: {
            'astro:build:done': ({ dir }) => {
                const text = JSON.stringify({ site, base, sources: digestOfSources() }, null, 2);
                writeFileSync(new URL(STAMP, dir), `${text}\n`);
            },
        },
    };
}
