// Follows every link of the built site and fails on one that leads nowhere. Links to other sites are left alone: whether
// they answer today says nothing about this change.

import { LinkChecker, LinkState } from 'linkinator';
import { serve } from './serve.mjs';

const served = await serve();
try {
    const checker = new LinkChecker();
    const result = await checker.check({
        path: [served.url, new URL('404.html', served.url).href],
        recurse: true,
        checkFragments: true,
        linksToSkip: async (link) => !link.startsWith(new URL(served.url).origin),
    });
    const broken = result.links.filter((link) => link.state === LinkState.BROKEN);
    for (const link of broken) {
        console.error(`${link.parent ?? 'first page'} links to ${link.url}: ${link.status ?? 'no answer'}`);
    }
    const followed = result.links.filter((link) => link.state === LinkState.OK).length;
    console.log(`${followed} links followed, ${broken.length} broken`);
    process.exitCode = broken.length || followed < 2 ? 1 : 0;
} finally {
    await served.close();
}
