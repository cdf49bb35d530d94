// Runs the end-to-end tests against a site that is live: `npm run synthetic -- --url https://www.example.com`.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

function refuse(sentence) {
    console.error(sentence);
    process.exit(2);
}

function addressOf(given) {
    if (!given) {
        refuse('--url is missing: `npm run synthetic -- --url https://www.example.com`');
    }
    if (!URL.canParse(given) || !['https:', 'http:'].includes(new URL(given).protocol)) {
        refuse(`--url must be an address such as https://www.example.com, got ${JSON.stringify(given)}`);
    }
    return given.replace(/\/?$/, '/');
}

let values;
try {
    ({ values } = parseArgs({ options: { url: { type: 'string' } } }));
} catch (error) {
    refuse(`${error.message}: \`npm run synthetic -- --url https://www.example.com\``);
}
const done = spawnSync('npx', ['playwright', 'test'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, BASE_URL: addressOf(values.url) },
    stdio: 'inherit',
});
process.exitCode = done.status ?? 1;
