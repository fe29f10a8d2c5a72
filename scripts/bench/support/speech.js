// Something like speech, for what hears voices: benchmarks, and tests that want the same.
import { createRandom, normal } from '../../../build/random.js';

/** Samples a second. */
export const RATE = 16_000;

/**
 * Something like speech: syllables of a voice's harmonics under two moving formants, pauses in between, and noise.
 *
 * @param {number} seed
 * @param {number} seconds
 */
export function speech(seed, seconds) {
  const random = createRandom(seed);
  const samples = new Float32Array(RATE * seconds);
  const loudness = 0.1 + 0.5 * random.float();
  const noise = 10 ** (-4 + 2 * random.float());
  let phase = 0;
  for (let at = 0; at < samples.length; ) {
    const length = Math.floor(RATE * (0.08 + 0.2 * random.float()));
    const isPause = random.float() < 0.3;
    const [pitch, first, second] = [90 + 130 * random.float(), 300 + 500 * random.float(), 900 + 1500 * random.float()];
    const glide = 0.4 * (random.float() - 0.5);
    for (let i = 0; i < length && at < samples.length; i++, at++) {
      const share = i / length;
      const tone = pitch * (1 + glide * share);
      phase += (2 * Math.PI * tone) / RATE;
      let value = 0;
      for (let k = 1; k * tone < 3500; k++) {
        const peak = (formant) => Math.exp(-(((k * tone - formant) / 150) ** 2));
        value += (peak(first * (1 + glide * share)) + 0.6 * peak(second) + 0.05 / k) * Math.sin(k * phase);
      }
      samples[at] = (isPause ? 0 : loudness * 0.4 * Math.sin(Math.PI * share) * value) + noise * normal(random);
    }
  }
  return samples;
}
