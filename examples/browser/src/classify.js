import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';

ort.env.wasm.wasmPaths = { wasm };
ort.env.wasm.numThreads = 1;

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;

/** A session of what `decodeForOrt` gives. */
export const createSession = ({ model, externalData }) =>
  ort.InferenceSession.create(model, { externalData, executionProviders: ['wasm'] });

/**
 * What the net makes of a number of digits.
 *
 * @param pixels 784 numbers from 0 to 1 for each digit
 * @returns for each digit the chances of 0 to 9
 */
export async function classify(session, pixels) {
  const count = pixels.length / PIXELS;
  const { logits } = await session.run({ input: new ort.Tensor('float32', pixels, [count, 1, SIDE, SIDE]) });
  return Array.from({ length: count }, (_, i) => softmax(logits.data.subarray(i * 10, (i + 1) * 10)));
}

export const best = (chances) => chances.indexOf(Math.max(...chances));

function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
