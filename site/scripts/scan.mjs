// Asks whether what the site is built with is signed, and whether it is known to be vulnerable.
//
//   0  everything was asked, and nothing is wrong
//   1  something is wrong: do not merge, do not publish
//   3  nothing wrong was found, but nobody answered one of the questions: the scan is not complete
//
// Each question has several that can answer it; one answer is enough.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { conclude, readings } from './readings.mjs';

const SITE = fileURLToPath(new URL('..', import.meta.url));
const QUESTIONS = {
    'are the packages signed by their registry': [
        { command: ['npm', 'audit', 'signatures', '--json'], read: readings.signatures },
    ],
    'are there known vulnerabilities, high or critical': [
        { command: ['npm', 'audit', '--audit-level=high', '--json'], read: readings.audit },
        {
            command: ['osv-scanner', 'scan', 'source', '--lockfile', 'package-lock.json', '--format', 'json'],
            read: readings.osv,
        },
        {
            command: ['trivy', 'fs', '--scanners', 'vuln,secret', '--severity', 'HIGH,CRITICAL', '--exit-code', '1', '.'],
            read: readings.trivy,
        },
    ],
};
const PATIENCE = 180_000;

function ask({ command: [program, ...given], read }) {
    const done = spawnSync(program, given, {
        cwd: SITE,
        encoding: 'utf8',
        timeout: PATIENCE,
        maxBuffer: 64 * 1024 * 1024,
        // Asked twice and briefly: a registry that has no answer has none in ten minutes either.
        env: { ...process.env, npm_config_fetch_retries: '1', npm_config_fetch_retry_mintimeout: '1000' },
    });
    if (done.error) {
        const why = done.error.code === 'ENOENT' ? 'is not on this machine' : `did not end (${done.error.code})`;
        return { answered: false, wrong: [], said: why };
    }
    return read(done);
}

const concluded = Object.entries(QUESTIONS).map(([question, sources]) => {
    const answers = sources.map((source) => ({ who: source.command.slice(0, 2).join(' '), ...ask(source) }));
    return { question, answers };
});
const { code, lines } = conclude(concluded);
lines.forEach((line) => console.log(line));
process.exitCode = code;
