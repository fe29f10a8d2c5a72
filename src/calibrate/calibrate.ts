import type { Model } from '../layers/model.js';
import { compensate } from './compensate.js';
import { loadCalibrationKernels } from './kernels/index.js';
import type { Layer } from './layers.js';
import { type CalibrationOptions, type LayerTurn, prepare, walkLayers } from './walk.js';

export interface CalibrateOptions extends CalibrationOptions {
  readonly lambda: number;
}

/** Damping of convolutions with many columns, and of all other layers. */
const DAMPING = { many: 0.02, few: 0.1 };
const MANY_COLUMNS = 4096;
const TARGET_DAMPING = 0.07;
const SWEEPS = 3;

export async function calibrateModel(model: Model, options: CalibrateOptions): Promise<Model> {
  const prepared = await prepare(model, ({ role }) => role === 'weight', options);
  const kernels = await loadCalibrationKernels();
  return walkLayers(prepared, (turn) => {
    const { layer, weights, bias, moments } = turn;
    const { groups, rows, inputs } = layer;
    const job = {
      ...{ groups, rows, inputs, weights, bias, moments },
      rowCosts: undefined,
      lambda: options.lambda,
      sweeps: SWEEPS,
      damping: dampingOf(layer, turn),
      targetDamping: TARGET_DAMPING,
    };
    return compensate(job, kernels);
  });
}

/** Convolutions share a kernel over many places; what has one place a sample overfits sooner. */
export function dampingOf({ node }: Layer, { columns }: Pick<LayerTurn, 'columns'>): number {
  const isConvolution = node.opType === 'Conv' || node.opType === 'ConvTranspose';
  return isConvolution && columns >= MANY_COLUMNS ? DAMPING.many : DAMPING.few;
}
