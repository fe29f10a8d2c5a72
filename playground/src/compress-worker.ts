// Holds the model, and compresses it: as often as the slider moves.
import { decode, inspect } from '../../src/decode/index.js';
import type { Model } from '../../src/model/model.js';
import { isPatchable, readWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import { histogramOf, sharedValues } from '../../src/report/histogram.js';
import { type CompressedModel, compress } from '../../src/search/compress.js';
import { besides } from './beside.js';
import type { ShrunkLayer } from './protocol.js';
import { loadRuntime } from './runtime.js';
import { serve } from './serve.js';
import { optionsOf, type Settings } from './settings.js';
import { fitting } from './target.js';

/** First letters of a container. */
const MAGIC = [0x46, 0x58, 0x51];

let bytes = new Uint8Array();
let original: Model;
let container: Uint8Array<ArrayBuffer> | undefined;
let compressed: Model | undefined;

serve<'open' | 'shrink' | 'layer' | 'beside' | 'take'>({
  async open({ file }) {
    const read = new Uint8Array(await file.arrayBuffer());
    bytes = MAGIC.every((letter, i) => read[i] === letter) ? await decode(read) : read;
    original = openOnnx(bytes);
    [container, compressed] = [undefined, undefined];
    const layers = original.tensors.map(({ name, length, dims, op, role }) => ({
      name,
      bytes: length,
      dims,
      op,
      role,
    }));
    return { bytes: bytes.length, layers };
  },

  async shrink({ settings }, { signal, onProgress }) {
    const start = performance.now();
    const { made, snr } = await shrink(settings, signal, onProgress);
    const decoded = openOnnx(await decode(made.container, { signal, verify: 'none' }));
    const { tensors } = await inspect(made.container);
    const ms = performance.now() - start;
    [container, compressed] = [made.container, decoded];
    const layers = tensors.flatMap(({ name, section, codebookSize }): ShrunkLayer[] =>
      name ? [{ name, bytes: section.length, clusters: codebookSize || null, ...changeOf(name) }] : [],
    );
    return { bytes: made.container.length, ms, snr, told: tellOf(made), layers };
  },

  layer({ name }) {
    const [before, after] = weightsOf(name);
    if (!before) throw new Error(`${name} holds no weights to look at`);
    const { from, to, counts } = histogramOf(before);
    const { centroids, zeros } = sharedValues(after ?? before);
    return {
      name,
      from,
      to,
      counts,
      values: after ? centroids : null,
      zeros: after ? zeros : 0,
      weights: before.length,
    };
  },

  beside: (_, { signal }) => besides(original, bytes, signal),

  take() {
    if (!container) throw new Error('nothing is compressed yet');
    return { container };
  },
});

async function shrink(settings: Settings, signal: AbortSignal, onProgress: (share: number) => void) {
  if (settings.method === 'size') return fitting(bytes, settings, signal, onProgress);
  const options = optionsOf(settings);
  const isAnswers = settings.method === 'answers';
  const synthetic = isAnswers ? { ...options.synthetic, runtime: await loadRuntime(), onProgress } : undefined;
  const made = await compress(bytes, { ...options, ...(synthetic ? { synthetic } : { onProgress }), signal });
  return { made, snr: undefined };
}

function tellOf({ synthetic, lossless }: CompressedModel): string {
  if (lossless?.isKept) return 'kept as it is, byte for byte: nothing is gained by changing it';
  if (typeof synthetic === 'string') return `by noise, since answers do not serve: ${synthetic}`;
  return synthetic ? `answers stand ${synthetic.snr.toFixed(1)} dB out of what has changed` : '';
}

function weightsOf(name: string): (Float32Array | undefined)[] {
  return [original, compressed].map((model) => {
    const tensor = model?.tensors.find((each) => each.name === name);
    return tensor && isPatchable(tensor) ? readWeights(tensor) : undefined;
  });
}

/** How much of a layer is left, and how clearly its weights stand out of what has changed in them. */
function changeOf(name: string): Pick<ShrunkLayer, 'density' | 'snr'> {
  const [before, after] = weightsOf(name);
  if (!before || !after) return { density: 1, snr: null };
  let [signal, noise, zeros] = [0, 0, 0];
  for (let i = 0; i < after.length; i++) {
    signal += before[i] ** 2;
    noise += (before[i] - after[i]) ** 2;
    if (after[i] === 0) zeros++;
  }
  return { density: 1 - zeros / after.length, snr: noise > 0 ? 10 * Math.log10(signal / noise) : null };
}
