import { compress } from '../../src/search/compress.js';
import { optionsOf, type Settings } from './settings.js';

/** Halvings of the range of noise: the last is a tenth of a decibel, as the command line is told it. */
const TRIES = 9;
const RANGE = [1, 60] as const;

/** The clearest weights that fit into so many bytes, or the smallest file there is. */
export async function fitting(
  bytes: Uint8Array,
  settings: Settings,
  signal: AbortSignal,
  onProgress: (share: number) => void,
) {
  let [low, high] = RANGE as readonly number[];
  let best: { made: Awaited<ReturnType<typeof compress>>; snr: number } | undefined;
  for (let i = 0; i < TRIES; i++) {
    const snr = Math.round(5 * (low + high)) / 10;
    const made = await compress(bytes, { ...optionsOf(settings, snr), signal });
    onProgress((i + 1) / TRIES);
    const isFitting = made.container.length <= settings.target;
    if (isFitting || !best || (best.made.container.length > settings.target && snr < best.snr)) best = { made, snr };
    if (isFitting) low = snr;
    else high = snr;
    if (high - low <= 0.1) break;
  }
  return best!;
}
