import { breather } from '../breather.js';
import { throwIfAborted } from '../errors.js';
import { decibels } from '../evaluate/fidelity.js';
import type { Report } from '../inspect/figures.js';
import { formatFinder } from '../inspect/recorded.js';
import { sizeOf, toRow } from '../inspect/totals.js';
import type { Model, Tensor } from '../model/model.js';
import { isPatchable, readWeights } from '../model/weights.js';
import { readRecords } from '../onnx/metadata.js';
import { findPairs } from '../sensitivity/layers.js';
import { energies, weightFigures } from '../sensitivity/weights.js';
import type { Comparison, LayerComparison } from './comparison.js';
import { densityMapOf } from './density-map.js';
import { histogramOf, sharedValues } from './histogram.js';
import { partsOf } from './parts.js';
import { rangeOf, spreadOf } from './spread.js';

/** What has been measured of two models, and by whom: each is in the report if it is given. */
export interface CompareOptions
  extends Partial<
    Pick<Comparison, 'accuracy' | 'baselines' | 'sensitivity' | 'frontier' | 'footprint' | 'values' | 'provenance'>
  > {
  /** What the original is called. Default: `model.onnx`. */
  readonly file?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Layers that are shown from near by: more nobody looks at, and each takes some ten kilobytes of a page. */
const SHOWN_LAYERS = 24;
/** With fewer zeros than this share of the weights, a map of what was kept is of one colour. */
const DENSE = 0.05;

/**
 * Puts together what is known of a compressed model beside its original. Tensors are matched by their names.
 *
 * @param original - the model before compression
 * @param compressed - the same model after it; decoded, if it is a container
 * @param report - the compressed file in figures, from `inspectContainer` or `inspectOnnx`
 * @throws FxqError `MISMATCH` when the models are not versions of one model, `ABORTED`
 *
 * @example
 * const [onnx, fxq] = [await readFile('model.onnx'), await readFile('model.fxq')];
 * const [original, compressed] = [openOnnx(onnx), openOnnx(await decode(fxq))];
 * const comparison = await compareModels(original, compressed, await inspectContainer(fxq, { file: 'model.fxq' }));
 * await writeFile('report.html', await renderHtml(comparison));
 */
export async function compareModels(
  original: Model,
  compressed: Model,
  report: Report,
  options: CompareOptions = {},
): Promise<Comparison> {
  const {
    accuracy = null,
    baselines = [],
    sensitivity = null,
    frontier = [],
    footprint = null,
    values = [],
    provenance = null,
  } = options;
  const { tensors, overhead, bytes, file } = report;
  const originalBytes = original.files.reduce((sum, { size }) => sum + size, original.appendix.length);
  const weights = tensors.filter(({ role }) => role === 'weight').sort((a, b) => sizeOf(b) - sizeOf(a));
  const others = tensors.filter(({ role }) => role !== 'weight');
  const layers = layersOf(original, compressed);
  const noise = await noiseOf(layers, options.signal);
  const rows = weights.map((tensor) => ({ ...toRow(tensor.name, [tensor]), snr: noise.snrs.get(tensor.name) ?? null }));
  if (others.length > 0) rows.push({ ...toRow(`other tensors (${others.length})`, others), snr: null });
  return {
    original: { file: options.file ?? original.files[0].name, bytes: originalBytes },
    compressed: { file, bytes, kind: overhead.other > 0 ? 'fxq' : 'onnx' },
    ratio: originalBytes / bytes,
    snr: noise.snr,
    accuracy,
    tensors,
    overhead,
    rows,
    total: { ...toRow('total', tensors), snr: noise.snr },
    parts: partsOf(report),
    layers: await describe(compressed, layers.slice(0, SHOWN_LAYERS), options),
    otherLayers: layers.slice(SHOWN_LAYERS).map(([{ name }]) => name),
    baselines,
    sensitivity,
    frontier,
    footprint,
    values,
    warnings: [],
    stages: readRecords(compressed)
      .sort((a, b) => a.number - b.number)
      .map(({ text }) => text),
    provenance,
  };
}

type Pair = readonly [original: Tensor, compressed: Tensor];

/** Weights, and what else was changed but for what follows them as a bias does; the largest first. */
function layersOf(original: Model, compressed: Model): Pair[] {
  const changed = new Set(findPairs(original, compressed).pairs.map(({ tensor }) => tensor));
  const others = new Map(compressed.tensors.map((tensor) => [tensor.name, tensor]));
  return original.tensors
    .filter(
      (tensor) => (tensor.role === 'weight' && isPatchable(tensor)) || (tensor.role === 'other' && changed.has(tensor)),
    )
    .flatMap((tensor): Pair[] => {
      const other = others.get(tensor.name);
      return other && isPatchable(other) ? [[tensor, other]] : [];
    })
    .sort(([a], [b]) => b.count - a.count);
}

/** How far the weights of all pairs are from the original's, taken together and by name, in decibels. */
async function noiseOf(
  pairs: readonly Pair[],
  signal?: AbortSignal,
): Promise<{ snr: number | null; snrs: ReadonlyMap<string, number> }> {
  const breathe = breather();
  const snrs = new Map<string, number>();
  let [all, off] = [0, 0];
  for (const [original, compressed] of pairs) {
    const { signal: strength, noise } = energies(readWeights(original), readWeights(compressed));
    all += strength;
    off += noise;
    snrs.set(original.name, decibels(strength, noise));
    await breathe();
    throwIfAborted(signal);
  }
  return { snr: pairs.length === 0 ? null : decibels(all, off), snrs };
}

async function describe(
  model: Model,
  pairs: readonly Pair[],
  { signal, onProgress }: CompareOptions,
): Promise<LayerComparison[]> {
  const formatOf = formatFinder(model);
  const breathe = breather();
  const total = pairs.reduce((sum, [{ count }]) => sum + count, 0);
  const layers: LayerComparison[] = [];
  let done = 0;
  for (const [tensor, compressed] of pairs) {
    const { name, dims, count } = tensor;
    const weights = readWeights(compressed);
    const original = readWeights(tensor);
    const { centroids, zeros } = sharedValues(weights);
    const known = formatOf(compressed.name);
    const format = known && { ...known, snr: weightFigures(original, weights).weightSnr };
    const histogram = histogramOf(original);
    const rounded = known && centroids === null ? histogramOf(weights) : null;
    const spread = spreadOf(original);
    const reach = known ? rangeOf(weights, known.weights, known.by === 'layer') : null;
    const densityMap = zeros > DENSE * count ? densityMapOf(weights, dims) : null;
    layers.push({
      name,
      dims,
      weights: count,
      ...(format && { format }),
      histogram,
      rounded,
      spread,
      reach,
      centroids,
      zeros,
      densityMap,
    });
    done += count;
    onProgress?.(done / total);
    await breathe();
    throwIfAborted(signal);
  }
  return layers;
}
