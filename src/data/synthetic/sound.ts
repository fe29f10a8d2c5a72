import { normal, type Random } from '../../random.js';

/** Hertz, as nearly all models that take sound as it is do; other rates send some down a branch that other inputs do not fit. */
export const RATE = 16_000;
/** The range of a voice's pitch, and of the two formants above it, in hertz. */
const PITCH = [80, 300] as const;
const FORMANTS = [
  [250, 900],
  [900, 2600],
] as const;
/** Seconds that a sound lasts, and the share of them that are pauses. */
const LENGTH = [0.06, 0.35] as const;
const PAUSES = 0.3;

/**
 * Sound as a voice makes it: bursts of a pitch's harmonics under two moving formants, hisses, and pauses, over a floor of noise;
 * each of its own loudness.
 *
 * @param rate - samples a second: {@link RATE}, or what divides it
 * @returns samples between −1 and 1
 */
export function sound(random: Random, samples: number, rate = RATE): Float32Array {
  const stride = Math.max(1, Math.round(RATE / rate));
  if (stride > 1) {
    // Voices have next to nothing that so few samples cannot hold.
    const wave = sound(random, samples * stride);
    return Float32Array.from({ length: samples }, (_, i) => wave[i * stride]);
  }
  const wave = new Float32Array(samples);
  const between = ([low, high]: readonly [number, number]) => low + (high - low) * random.float();
  const loudness = 10 ** (-2 * random.float());
  const floor = loudness * 10 ** (-1 - 2 * random.float());
  for (let i = 0; i < samples; i++) wave[i] = floor * normal(random);
  // Windows shorter than a sound begin somewhere in it.
  for (let at = -Math.floor(random.float() * RATE * LENGTH[1]); at < samples; ) {
    const length = Math.ceil(between(LENGTH) * RATE);
    const end = Math.min(samples, at + length);
    if (random.float() >= PAUSES) {
      const isHiss = random.float() < 0.25;
      const volume = loudness * (0.2 + 0.8 * random.float());
      if (isHiss) hiss(random, wave, at, end, length, volume);
      else vowel(random, wave, at, end, length, volume, between);
    }
    at += length;
  }
  for (let i = 0; i < samples; i++) wave[i] = Math.max(-1, Math.min(1, wave[i]));
  return wave;
}

function hiss(random: Random, wave: Float32Array, at: number, end: number, length: number, volume: number): void {
  let last = 0;
  for (let i = Math.max(0, at); i < end; i++) {
    const next = normal(random);
    wave[i] += 0.3 * volume * envelope(i - at, length) * (next - last);
    last = next;
  }
}

function vowel(
  random: Random,
  wave: Float32Array,
  at: number,
  end: number,
  length: number,
  volume: number,
  between: (range: readonly [number, number]) => number,
): void {
  const pitch = between(PITCH);
  const glide = 0.3 * (random.float() - 0.5);
  const formants = FORMANTS.map((range) => [between(range), between(range)]);
  const harmonics = Math.floor(3800 / pitch);
  const phases = Array.from({ length: harmonics }, () => 2 * Math.PI * random.float());
  for (let i = Math.max(0, at); i < end; i++) {
    const share = (i - at) / length;
    const turns = ((i - at) / RATE) * pitch * (1 + (glide * share) / 2);
    let sum = 0;
    for (let h = 1; h <= harmonics; h++) {
      const hertz = h * pitch * (1 + glide * share);
      let gain = 0.02;
      for (const [from, to] of formants) gain += Math.exp(-(((hertz - from - (to - from) * share) / 180) ** 2));
      sum += (gain / h ** 0.5) * Math.sin(2 * Math.PI * turns * h + phases[h - 1]);
    }
    wave[i] += 0.3 * volume * envelope(i - at, length) * sum;
  }
}

/** Up and down again, without a click. */
function envelope(at: number, length: number): number {
  return Math.sin((Math.PI * Math.min(length, Math.max(0, at))) / length) ** 0.5;
}
