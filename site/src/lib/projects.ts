import { getCollection, type CollectionEntry } from 'astro:content';

export type Project = CollectionEntry<'projects'>;

/** All projects, the newest first. */
export async function projects(): Promise<Project[]> {
    const all = await getCollection('projects');
    return all.sort((one, other) => other.data.date.getTime() - one.data.date.getTime());
}

/** A date as people read it, the same on every machine that builds the site. */
export function month(date: Date): string {
    return date.toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
}
