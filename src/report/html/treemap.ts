/** A rectangle of a treemap, in the units of the whole. */
export interface Tile<T> {
  readonly item: T;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Lays rectangles whose areas are as the items' values into a whole, each as near to a square as it can be (Bruls, Huizing,
 * van Wijk: Squarified Treemaps, 2000).
 *
 * @param items - those of a value over zero; others have no place
 * @example
 * const tiles = treemap(tensors, ({ bytes }) => bytes, 300, 200);
 */
export function treemap<T>(items: readonly T[], sizeOf: (item: T) => number, width: number, height: number): Tile<T>[] {
  const sorted = items.filter((item) => sizeOf(item) > 0).sort((a, b) => sizeOf(b) - sizeOf(a));
  const total = sorted.reduce((sum, item) => sum + sizeOf(item), 0);
  const scale = total > 0 ? (width * height) / total : 0;
  const tiles: Tile<T>[] = [];
  let room: Area = { x: 0, y: 0, width, height };
  for (let start = 0; start < sorted.length; ) {
    const side = Math.min(room.width, room.height);
    let end = start;
    let area = 0;
    let worst = Number.POSITIVE_INFINITY;
    // A row takes what comes next for as long as its least square rectangle does not get worse.
    while (end < sorted.length) {
      const grown = area + scale * sizeOf(sorted[end]);
      const [largest, smallest] = [sizeOf(sorted[start]), sizeOf(sorted[end])].map((value) => scale * value);
      const ratio = Math.max((side * side * largest) / grown ** 2, grown ** 2 / (side * side * smallest));
      if (ratio > worst) break;
      [area, worst] = [grown, ratio];
      end++;
    }
    const row = sorted.slice(start, end);
    tiles.push(...layRow(row, (item) => (scale * sizeOf(item)) / area, room, area / side));
    room = remaining(room, area / side);
    start = end;
  }
  return tiles;
}

/** One row along the shorter side of the room. */
function layRow<T>(row: readonly T[], shareOf: (item: T) => number, room: Area, depth: number): Tile<T>[] {
  const isColumn = room.width >= room.height;
  const length = isColumn ? room.height : room.width;
  let at = 0;
  return row.map((item) => {
    const [from, to] = [at, at + shareOf(item) * length];
    at = to;
    return isColumn
      ? { item, x1: room.x, x2: room.x + depth, y1: room.y + from, y2: room.y + to }
      : { item, x1: room.x + from, x2: room.x + to, y1: room.y, y2: room.y + depth };
  });
}

function remaining(room: Area, depth: number): Area {
  return room.width >= room.height
    ? { ...room, x: room.x + depth, width: room.width - depth }
    : { ...room, y: room.y + depth, height: room.height - depth };
}
