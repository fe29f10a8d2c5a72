// Something like speech and recordings laid end to end, heard window by window by a voice detector that keeps a state.
import { openOnnx } from '../../../build/index.js';
import { readInterface } from '../../../build/onnx/interface.js';
import { loadRuntime, openSession } from '../../../build/runtime/session.js';
import { RATE } from './speech.js';

/** Samples of a window, and of what may stand before it: models are fed the end of the window before once more, or not. */
const WINDOW = 512;
export const CONTEXT = 64;

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
