/** A layer that may be given one of several widths. */
export interface Subject {
  /** How many weights it has. */
  readonly count: number;
  readonly widths: readonly Width[];
}

/** A width, and the squared error that it makes by the energy of the weights; the narrowest first. */
interface Width {
  readonly bits: number;
  readonly noise: number;
}

/** Which of its widths each layer has. */
export type Widths = readonly number[];

/** Bits of all weights of a setting. */
export function bitsOf(subjects: readonly Subject[], setting: Widths): number {
  return subjects.reduce((sum, { count, widths }, i) => sum + count * widths[setting[i]].bits, 0);
}

/**
 * Settings from the narrowest to the widest: each gives that layer more bits whose noise falls most for a bit of the file. Layers
 * count the same, whatever their size, as what each does to the signal is measured by its own energy: then equal noise is about
 * equal harm, and small layers end up wider, as they should.
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
        const gain = (now.noise - widths[to].noise) / more;
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
 * The setting of least noise within a limit that widening finds: from the narrowest, or, where a large layer is left behind with no
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
    if (noiseOf(subjects, last) < noiseOf(subjects, best)) best = last;
  }
  return best;
}

function noiseOf(subjects: readonly Subject[], setting: Widths): number {
  return subjects.reduce((sum, { widths }, i) => sum + widths[setting[i]].noise, 0);
}

/** Pairs of layers of which one may have more bits for what another gives up, the least noise in all first. */
export function exchanges(subjects: readonly Subject[], setting: Widths, limit: number): Widths[] {
  const found: { setting: Widths; noise: number }[] = [];
  const noiseOf = (layer: number, at: number) => subjects[layer].widths[at].noise;
  for (const up of subjects.keys()) {
    if (setting[up] + 1 >= subjects[up].widths.length) continue;
    for (const down of subjects.keys()) {
      if (down === up || setting[down] === 0) continue;
      const next = setting.map((at, layer) => (layer === up ? at + 1 : layer === down ? at - 1 : at));
      if (bitsOf(subjects, next) > limit) continue;
      const noise =
        noiseOf(up, next[up]) - noiseOf(up, setting[up]) + noiseOf(down, next[down]) - noiseOf(down, setting[down]);
      found.push({ setting: next, noise });
    }
  }
  return found.sort((a, b) => a.noise - b.noise).map((each) => each.setting);
}
