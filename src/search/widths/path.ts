/** A layer, or what it takes in, that may be given one of several widths. */
export interface Subject {
  /** How many numbers it has. */
  readonly count: number;
  readonly widths: readonly Width[];
}

/** A width, and the squared error that it makes by the energy of the numbers; the narrowest first. */
export interface Width {
  readonly bits: number;
  readonly noise: number;
}

/** Which of its widths each has. */
export type Widths = readonly number[];

/** Bits of all numbers of a setting. */
export function bitsOf(subjects: readonly Subject[], setting: Widths): number {
  return subjects.reduce((sum, { count, widths }, i) => sum + count * widths[setting[i]].bits, 0);
}

/**
 * Settings from the narrowest to the widest: each gives that layer more bits whose harm falls most for a bit of the file. Layers
 * count the same, whatever their size, as what each does to the signal is measured by its own energy: small layers end up wider,
 * as they should.
 *
 * @param limit - bits of all weights; what goes beyond is left out, and smaller layers go on
 * @param start - where it begins. Default: the narrowest of all
 */
export function* widening(
  subjects: readonly Subject[],
  limit = Number.POSITIVE_INFINITY,
  start: Widths = subjects.map(() => 0),
): Generator<Widths> {
  const setting = [...start];
  let bits = bitsOf(subjects, setting);
  yield [...setting];
  for (;;) {
    let best: { layer: number; to: number; gain: number } | undefined;
    for (const [layer, { count, widths }] of subjects.entries()) {
      const now = widths[setting[layer]];
      for (let to = setting[layer] + 1; to < widths.length; to++) {
        const more = count * (widths[to].bits - now.bits);
        const gain = (harmOf(now) - harmOf(widths[to])) / more;
        if (bits + more <= limit && (!best || gain > best.gain)) best = { layer, to, gain };
      }
    }
    if (!best) return;
    const { count, widths } = subjects[best.layer];
    bits += count * (widths[best.to].bits - widths[setting[best.layer]].bits);
    setting[best.layer] = best.to;
    yield [...setting];
  }
}

/**
 * The setting of least harm within a limit that widening finds: from the narrowest, or, where a large layer is left behind with no
 * room for its next bit, from the same width for all.
 */
export function allocate(subjects: readonly Subject[], limit: number): Widths {
  const most = Math.max(0, ...subjects.map(({ widths }) => widths.length));
  const starts = Array.from({ length: most }, (_, i) =>
    subjects.map(({ widths }) => Math.min(i, widths.length - 1)),
  ).filter((start, i) => i === 0 || bitsOf(subjects, start) <= limit);
  let best: Widths = starts[0] ?? [];
  for (const start of starts) {
    let last: Widths = start;
    for (const setting of widening(subjects, limit, start)) last = setting;
    if (harmIn(subjects, last) < harmIn(subjects, best)) best = last;
  }
  return best;
}

function harmIn(subjects: readonly Subject[], setting: Widths): number {
  return subjects.reduce((sum, { widths }, i) => sum + harmOf(widths[setting[i]]), 0);
}

/** From this noise on, next to nothing is left of a signal. */
const LOST = 0.99;

/**
 * What noise does to the signal that passes a layer: of so many shares that are left, one after the other, the product counts, and
 * of that the logarithm. Small noise is its own harm; but noise is hardly ever above one, and by its sum alone a budget would give up
 * a layer altogether to round others more finely than anybody needs.
 */
function harmOf({ noise }: Width): number {
  return noise < LOST ? -Math.log1p(-noise) : (noise - LOST) / (1 - LOST) - Math.log1p(-LOST);
}

/** Pairs of layers of which one may have more bits for what another gives up, the least harm in all first. */
export function exchanges(subjects: readonly Subject[], setting: Widths, limit: number): Widths[] {
  const found: { setting: Widths; harm: number }[] = [];
  const harmAt = (layer: number, at: number) => harmOf(subjects[layer].widths[at]);
  for (const up of subjects.keys()) {
    if (setting[up] + 1 >= subjects[up].widths.length) continue;
    for (const down of subjects.keys()) {
      if (down === up || setting[down] === 0) continue;
      const next = setting.map((at, layer) => (layer === up ? at + 1 : layer === down ? at - 1 : at));
      if (bitsOf(subjects, next) > limit) continue;
      const harm =
        harmAt(up, next[up]) - harmAt(up, setting[up]) + harmAt(down, next[down]) - harmAt(down, setting[down]);
      found.push({ setting: next, harm });
    }
  }
  return found.sort((a, b) => a.harm - b.harm).map((each) => each.setting);
}
