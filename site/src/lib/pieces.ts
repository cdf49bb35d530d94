/** Drawings made of blocks seen from above a corner. */
export const PIECES = ['plinth', 'steps', 'pair', 'rings', 'tower'] as const;
export type Piece = (typeof PIECES)[number];

/** A block: where it stands, how wide, deep and high it is, and its colour among four. */
interface Block {
    x: number;
    y: number;
    z: number;
    w: number;
    d: number;
    h: number;
    tone: 1 | 2 | 3 | 4;
}

export interface Face {
    side: 'top' | 'left' | 'right';
    tone: number;
    points: string;
}

const block = (x: number, y: number, z: number, w: number, d: number, h: number, tone: Block['tone']): Block => ({
    ...{ x, y, z, w, d, h, tone },
});

/** Blocks of each drawing, the farthest first: later ones cover them. */
const DRAWINGS: Record<Piece, Block[]> = {
    plinth: [
        block(0, 0, 0, 6, 6, 1, 1),
        block(0.75, 0.75, 1, 4.5, 4.5, 1, 2),
        block(1.5, 1.5, 2, 3, 3, 1.25, 3),
        block(2.25, 2.25, 3.25, 1.5, 1.5, 1.25, 4),
    ],
    steps: [
        block(0, 0, 0, 2, 2, 4, 1),
        block(2, 0, 0, 2, 2, 3, 2),
        block(0, 2, 0, 2, 2, 3, 2),
        block(4, 0, 0, 2, 2, 2, 3),
        block(2, 2, 0, 2, 2, 2, 3),
        block(0, 4, 0, 2, 2, 2, 3),
        block(4, 2, 0, 2, 2, 1, 4),
        block(2, 4, 0, 2, 2, 1, 4),
    ],
    pair: [
        block(0, 0, 0, 6, 6, 0.5, 1),
        block(0.75, 0.75, 0.5, 2, 4.5, 3, 2),
        block(3.5, 0.75, 0.5, 2, 4.5, 3, 3),
        block(0.75, 2.5, 3.5, 4.75, 1, 0.6, 4),
    ],
    rings: [
        block(0, 0, 0, 6, 1.2, 1.2, 1),
        block(0, 1.2, 0, 1.2, 3.6, 1.2, 2),
        block(2.2, 2.2, 0, 1.6, 1.6, 3.4, 4),
        block(4.8, 1.2, 0, 1.2, 3.6, 1.2, 2),
        block(0, 4.8, 0, 6, 1.2, 1.2, 3),
    ],
    tower: [
        block(0, 0, 0, 6, 6, 0.5, 1),
        block(1, 1, 0.5, 1.4, 1.4, 1.5, 2),
        block(3.6, 1, 0.5, 1.4, 1.4, 4.5, 3),
        block(1, 3.6, 0.5, 1.4, 1.4, 3, 4),
        block(3.6, 3.6, 0.5, 1.4, 1.4, 1.5, 2),
    ],
};

const SIZE = 20;
const [RIGHT, DOWN] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];

/** Where a corner is on the paper, across and down. */
function flat(x: number, y: number, z: number): [number, number] {
    return [(x - y) * RIGHT * SIZE, (x + y) * DOWN * SIZE - z * SIZE];
}

function at(x: number, y: number, z: number): string {
    const [across, down] = flat(x, y, z);
    return `${across.toFixed(1)},${down.toFixed(1)}`;
}

/** The faces that one sees of a drawing, in the order in which they are painted. */
export function facesOf(piece: Piece): Face[] {
    return DRAWINGS[piece].flatMap(({ x, y, z, w, d, h, tone }) => {
        const [right, front, top] = [x + w, y + d, z + h];
        return [
            { side: 'top', tone, points: [at(x, y, top), at(right, y, top), at(right, front, top), at(x, front, top)] },
            { side: 'left', tone, points: [at(x, front, top), at(right, front, top), at(right, front, z), at(x, front, z)] },
            { side: 'right', tone, points: [at(right, y, top), at(right, front, top), at(right, front, z), at(right, y, z)] },
        ].map((face) => ({ ...face, points: face.points.join(' ') })) as Face[];
    });
}

const [WIDTH, HEIGHT] = [236, 220];

/** The window on a drawing, with its middle in the middle: the same size for all, so that their blocks are alike. */
export function windowOn(piece: Piece): string {
    const downs = DRAWINGS[piece].flatMap(({ x, y, z, w, d, h }) => [flat(x, y, z + h)[1], flat(x + w, y + d, z)[1]]);
    const middle = (Math.min(...downs) + Math.max(...downs)) / 2;
    return `${-WIDTH / 2} ${(middle - HEIGHT / 2).toFixed(1)} ${WIDTH} ${HEIGHT}`;
}
