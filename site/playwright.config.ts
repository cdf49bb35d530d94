import { existsSync } from 'node:fs';
import { defineConfig, devices } from '@playwright/test';

// The system's own Chromium; without one, that which `npx playwright install chromium` brought.
const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const chromium = process.env.CHROMIUM ?? INSTALLED.find((each) => existsSync(each));

export default defineConfig({
    testDir: './tests',
    timeout: 30_000,
    fullyParallel: true,
    forbidOnly: Boolean(process.env.CI),
    // A live site is on the far side of a network; what is on this machine has no excuse.
    retries: process.env.BASE_URL ? 2 : 0,
    workers: 2,
    reporter: [['list']],
    use: {
        ...devices['Desktop Chrome'],
        trace: 'retain-on-failure',
        launchOptions: {
            ...(chromium ? { executablePath: chromium } : {}),
            args: [
                '--disable-gpu',
                '--disable-quic',
                '--no-first-run',
                '--disable-background-networking',
                '--disable-component-update',
                '--disable-sync',
            ],
        },
    },
});
