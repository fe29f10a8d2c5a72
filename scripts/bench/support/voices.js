// Something like speech, and recordings laid end to end, heard window by window by a voice detector that keeps a state.
import { openOnnx } from '../../../build/index.js';
import { readInterface } from '../../../build/onnx/interface.js';
import { createRandom, normal } from '../../../build/random.js';
import { loadRuntime, openSession } from '../../../build/runtime/session.js';

export const RATE = 16_000;
/** Samples of a window, and of what may stand before it: models are fed the end of the window before once more, or not. */
const WINDOW = 512;
export const CONTEXT = 64;

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

/**
 * What a detector thinks of every window of several sounds at once, its state carried on.
 *
 * @param {Uint8Array} bytes - Silero VAD, of any version
 * @param {readonly Float32Array[]} sounds - of one length
 * @param {number} context - samples before each window: {@link CONTEXT}, or none
 */
export async function hear(bytes, sounds, context) {
  const session = await openSession(await loadRuntime(), bytes, { threads: 1 });
  const count = sounds.length;
  const isLegacy = readInterface(openOnnx(bytes)).inputs.some(({ name }) => name === 'h');
  const kept = isLegacy ? { h: 'hn', c: 'cn' } : { state: 'stateN' };
  const empty = () => {
    const dims = [2, count, isLegacy ? 64 : 128];
    return { dims, data: new Float32Array(dims.reduce((product, dim) => product * dim)) };
  };
  let states = Object.fromEntries(Object.keys(kept).map((name) => [name, empty()]));
  const sr = { dims: [], data: BigInt64Array.of(BigInt(RATE)) };
  const shares = [];
  for (let at = CONTEXT; at + WINDOW <= sounds[0].length; at += WINDOW) {
    const data = new Float32Array(count * (WINDOW + context));
    for (const [i, sound] of sounds.entries())
      data.set(sound.subarray(at - context, at + WINDOW), i * (WINDOW + context));
    const { outputs } = await session.run({
      inputs: { input: { dims: [count, WINDOW + context], data }, sr, ...states },
    });
    shares.push(...outputs.output.data);
    states = Object.fromEntries(
      Object.entries(kept).map(([name, output]) => {
        const { dims, data } = outputs[output];
        return [name, { dims: [...dims], data: Float32Array.from(data) }];
      }),
    );
  }
  await session.release();
  return shares;
}
