import { glob } from 'astro/loaders';
import { z } from 'astro/zod';
import { defineCollection } from 'astro:content';
import { PIECES } from './lib/pieces';

const projects = defineCollection({
    loader: glob({ pattern: '*.md', base: './src/content/projects' }),
    schema: z.strictObject({
        title: z.string().max(60),
        /** What search engines and cards show. */
        summary: z.string().min(60).max(180),
        date: z.date(),
        tags: z.array(z.string()).min(1).max(5),
        piece: z.enum(PIECES),
        /** Shown on the first page. */
        featured: z.boolean().default(false),
        facts: z.array(z.strictObject({ name: z.string(), value: z.string() })).max(4),
    }),
});

export const collections = { projects };
