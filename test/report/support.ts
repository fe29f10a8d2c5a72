import { decode } from '../../src/decode/index.js';
import type { Evaluation } from '../../src/evaluate/evaluate.js';
import { inspectContainer } from '../../src/inspect/inspect.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { compressWith } from '../../src/pipeline/compress.js';
import { type CompareOptions, compareModels } from '../../src/report/compare.js';
import type { Comparison } from '../../src/report/comparison.js';
import type { Sensitivity } from '../../src/sensitivity/options.js';
import type { Stage } from '../../src/stages/stage.js';

/** A name that no page may take for anything but text. */
export const NASTY = `<script>alert(1)</script>&"'`;

/** A model, and what stages and the container make of it, compared. */
export async function compared(model: Model, stages: readonly Stage[], options: CompareOptions = {}) {
  const { container } = await compressWith(model, stages);
  const compressed = openOnnx(await decode(container));
  const report = await inspectContainer(container, { file: 'small.fxq' });
  const comparison = await compareModels(model, compressed, report, options);
  return { comparison, compressed, report };
}

const evaluation = (top1: number): Evaluation => ({
  ...{
    output: 'scores',
    doubt: null,
    isUndecided: false,
    warnings: [],
    samples: 1000,
    top1,
    top5: 1,
    agreement: null,
    maxAbsDiff: null,
    meanAbsDiff: null,
    shapeMismatches: null,
    loss: null,
    score: null,
    outputs: [],
    kind: null,
  },
});

/** Figures as if a comparison had been measured in full. */
export function measured(comparison: Comparison): Comparison {
  const fidelity = { top1: 0.97, top5: 1, agreement: 0.98, outputs: [], shapeMismatches: 0, loss: null };
  const layers = comparison.layers.map(({ name, weights }, i) => ({
    ...{
      name,
      role: 'weight' as const,
      op: 'MatMul',
      weights,
      format: null,
      density: 1,
      clusters: 4,
      bits: 2,
      weightSnr: 20,
    },
    ...{ ...fidelity, kl: 0.1 / (i + 1), divergence: 0.1 / (i + 1) },
  }));
  const sensitivity: Sensitivity = {
    judged: null,
    ...{ samples: 1000, output: 'Y', original: { top1: 0.99, top5: 1 }, layers, inputs: [], cumulative: [] },
    skipped: [{ name: NASTY, reason: 'holds int8' }],
  };
  return {
    ...comparison,
    accuracy: {
      data: NASTY,
      original: evaluation(0.99),
      compressed: { ...evaluation(0.985), agreement: 0.991, maxAbsDiff: 2, meanAbsDiff: 0.25, shapeMismatches: 0 },
    },
    sensitivity,
    baselines: [
      { name: 'gzip 9', bytes: 1000, reason: null, top1: null, agreement: null, snr: null },
      { name: 'brotli 11', bytes: null, reason: 'larger than 64 MB', top1: null, agreement: null, snr: null },
      { name: 'int8 + brotli 11', bytes: 300, reason: null, top1: 0.98, agreement: 0.97, snr: 31.2 },
    ],
    frontier: [
      { bytes: 200, loss: 2.5, low: 1.25, high: 3.75, unit: 'points', lambda: 0.001, isChosen: false },
      { bytes: 400, loss: 0.5, low: null, high: null, unit: 'points', lambda: 0.0001, isChosen: true },
    ],
    provenance: {
      command: `fxq-compress report '${NASTY}'`,
      versions: { 'fxq-compress': '0.1.0' },
      hashes: [{ file: NASTY, bytes: 5, sha256: 'ab'.repeat(32) }],
    },
  };
}
