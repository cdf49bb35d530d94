// What each scanner's answer means. A scanner that could not ask has not answered: that is never taken for "nothing found".

const MOST = 20;

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function silent({ status, stdout, stderr }, report) {
    const said = report?.error?.summary || report?.message || stderr || stdout || `exit code ${status}`;
    return { answered: false, wrong: [], said: `did not answer: ${String(said).trim().split('\n')[0].slice(0, 200)}` };
}

const answered = (wrong) => ({ answered: true, wrong, said: wrong.length ? `${wrong.length} found` : 'nothing found' });

/** One function for each scanner: from how its command ended to what it means. */
export const readings = {
    /** https://docs.npmjs.com/cli/commands/npm-audit#audit-signatures */
    signatures(done) {
        const report = parsed(done.stdout);
        if (!Array.isArray(report?.invalid) || !Array.isArray(report?.missing)) {
            return silent(done, report);
        }
        const name = (why) => (each) => `${each.name}@${each.version}: ${why}`;
        return answered([...report.invalid.map(name('wrong signature')), ...report.missing.map(name('no signature'))]);
    },

    /** https://docs.npmjs.com/cli/commands/npm-audit */
    audit(done) {
        const report = parsed(done.stdout);
        if (!report?.vulnerabilities || !report.metadata) {
            return silent(done, report);
        }
        const grave = Object.values(report.vulnerabilities).filter((each) => ['high', 'critical'].includes(each.severity));
        return answered(grave.map((each) => `${each.name}: ${each.severity} (${each.range})`));
    },

    /** https://google.github.io/osv-scanner/output/#json */
    osv(done) {
        const report = parsed(done.stdout);
        if (!Array.isArray(report?.results) || ![0, 1].includes(done.status)) {
            return silent(done, report);
        }
        const packages = report.results.flatMap((each) => each.packages ?? []);
        return answered(
            packages.flatMap(({ package: { name, version }, groups = [] }) =>
                groups
                    // A vulnerability without a score may be a grave one.
                    .filter((group) => !group.max_severity || Number(group.max_severity) >= 7)
                    .map((group) => `${name}@${version}: ${group.ids.join(', ')}`),
            ),
        );
    },

    /** https://trivy.dev/latest/docs/configuration/others/#exit-code: ours is 1 for findings; a failure says "FATAL". */
    trivy(done) {
        if (done.status === 0) {
            return answered([]);
        }
        const failed = done.status !== 1 || /FATAL/.test(done.stderr);
        return failed ? silent(done) : answered([done.stdout.trim()]);
    },
};

/** The exit code, and what to print. */
export function conclude(concluded) {
    const lines = [];
    let [wrong, open] = [false, false];
    for (const { question, answers } of concluded) {
        lines.push(`${question}?`);
        for (const answer of answers) {
            lines.push(`  ${answer.who}: ${answer.said}`);
            lines.push(...answer.wrong.slice(0, MOST).map((each) => `    ${each}`));
        }
        wrong ||= answers.some((answer) => answer.wrong.length > 0);
        if (!answers.some((answer) => answer.answered)) {
            open = true;
            lines.push('  NOBODY ANSWERED: run it again where the registry, osv-scanner or trivy can be reached');
        }
    }
    const verdicts = { 0: 'the scan is clean', 1: 'the scan FAILED', 3: 'the scan is NOT COMPLETE: this is no pass' };
    const code = wrong ? 1 : open ? 3 : 0;
    return { code, lines: [...lines, verdicts[code]] };
}
