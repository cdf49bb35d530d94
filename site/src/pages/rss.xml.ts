import rss from '@astrojs/rss';
import type { APIContext } from 'astro';
import { projects } from '../lib/projects';
import { SITE, to } from '../lib/site';

export async function GET(context: APIContext): Promise<Response> {
    const all = await projects();
    return rss({
        title: SITE.title,
        description: SITE.description,
        site: new URL(to('/'), context.site).href,
        customData: '<language>en</language>',
        items: all.map((project) => ({
            title: project.data.title,
            description: project.data.summary,
            pubDate: project.data.date,
            link: to(`/projects/${project.id}/`),
            categories: project.data.tags,
        })),
    });
}
