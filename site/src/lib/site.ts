/** Who the site is of: the one file to change first. */
export const SITE = {
    name: 'devu42',
    title: 'devu42 · platforms for small teams',
    description: 'Platform engineering for small teams: one program, rehearsed before it runs, restored before it is needed.',
    email: 'team@devu42.fr',
} as const;

/** Address of a page or file of this site, wherever it is served: a preview has a path of its own. */
export function to(path: string): string {
    return import.meta.env.BASE_URL.replace(/\/$/, '') + path;
}

/** Whether search engines should come: never to the preview of a change. */
export const IS_PREVIEW = import.meta.env.BASE_URL !== '/';
