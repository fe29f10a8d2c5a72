import { FxqError } from '../errors.js';
import { graphOf } from '../graph/decoded-graph.js';
import { edit } from '../graph/edit/edit.js';
import { insertFake } from '../graph/simulate/insert-fake.js';
import { packWeights } from '../graph/simulate/pack.js';
import type { RoundingPlan } from '../graph/simulate/plan.js';
import { insertQdq } from '../graph/simulate/qdq.js';
import { insertQonnx } from '../graph/simulate/qonnx.js';
import { withSettledOpset } from '../graph/upgrade.js';
import { withFloat32 } from '../graph/widen-model.js';
import type { Model } from '../model/model.js';
import { withRecord } from '../onnx/metadata.js';
import { checkOptions } from '../options/check.js';
import { recordOf } from '../options/defaults.js';
import { FLOAT32, isFormatName } from '../quantize/formats/parse.js';
import { recordedFormats } from '../quantize/record.js';
import { endsOfRounding, type ValueRounding } from '../quantize/values.js';
import { foldNormalization } from '../stages/fold.js';
import { type QuantizeOptions, quantize } from '../stages/quantize.js';
import type { Stage, StageContext } from '../stages/stage.js';
import { type CalibratedQuantizeOptions, calibratedQuantize } from './quantize.js';
import { rangeFor } from './ranges/fit.js';
import { type Form, INPUTS, type InputOptions } from './ranges/options.js';
import { planValues, type ValuePlan } from './ranges/plan.js';
import { isReduced, withReducedRange } from './ranges/reduced.js';
import type { TableKind } from './ranges/table-kind.js';
import { tableOf } from './ranges/tables.js';
import { type RoundedWeights, roundedWeights } from './ranges/weights.js';

const NAME = 'quantize';
/** The operator set in which QuantizeLinear has 16 bits. */
const WITH_16_BITS = 21;
/** Of what stays as it is, so many are named. */
const TOLD = 4;
/** What QuantizeLinear rounds values to. */
const QDQ_VALUES = /^u?int(?:8|16)$/;

/** How a model is quantized, weights and what layers take in. */
export interface SimulateOptions extends Omit<CalibratedQuantizeOptions, 'dataset' | 'roundedInputs'>, InputOptions {
  /** Inputs like those that the model is for. Without them, only weights can be rounded. */
  readonly dataset?: CalibratedQuantizeOptions['dataset'] | undefined;
  /** How weights are rounded. Default: `compensated` with data, else `nearest`. */
  readonly rounding?: 'nearest' | 'stochastic' | 'compensated' | undefined;
  /**
   * Makes the stage that rounds weights.
   *
   * @internal
   */
  readonly weightStage?: ((options: QuantizeOptions, values: ValuePlan | undefined) => WeightStage) | undefined;
}

/**
 * A stage that rounds weights, and may choose how values are rounded while it is at it.
 *
 * @internal
 */
export interface WeightStage extends Stage {
  /** How values are rounded once it has run. Default: as they were to be. */
  plan?(): RoundingPlan | undefined;
}

/** A value as it is rounded. */
export interface RoundedInput {
  readonly name: string;
  readonly format: string;
  /** The least and the largest number that it can be. */
  readonly low: number;
  readonly high: number;
  /** How these were found. */
  readonly range: string;
}

/** What was done to a model. */
export interface Simulated {
  readonly form: Form;
  readonly weights: readonly RoundedWeights[];
  readonly inputs: readonly RoundedInput[];
  /**
   * The model with rounded weights and floats around, and how values are rounded in it.
   *
   * @internal
   */
  readonly model: Model;
  /** @internal */
  readonly plan: RoundingPlan;
}

/** The stage of {@link simulate}; what it found is known once it has run. */
export interface SimulateStage extends Stage {
  /** What it found; nothing before it has run. */
  found(): Simulated | undefined;
  /**
   * Scales and ranges as other platforms read them: JSON, TensorRT's calibration cache or ncnn's table.
   *
   * @throws Error before the stage has run
   */
  table(kind: TableKind): string;
}

/**
 * Quantizes a model as hardware would compute it: weights, and what layers take in, whose ranges are those of calibration data.
 * First and last layer stay as they are unless `first` and `last` name formats for them; `qdq` takes them in, and BatchNormalization
 * behind layers with them (see {@link fold}). With data, weights make up for what rounding does to them and to the inputs.
 *
 * Source: Krishnamoorthi 2018, "Quantizing deep convolutional networks for efficient inference"; Migacz 2017 for ranges.
 *
 * @throws RangeError if an option is out of its range; FxqError `CONFIG`, `DATASET`, `RUNTIME`, `MISSING_PACKAGE`, `UNSUPPORTED`
 *
 * @example
 * const stage = simulate({ weights: 'int8', by: 'channel', inputs: 'uint8', dataset });
 * const simulated = await stage.run(openOnnx(bytes));
 * for (const { name, low, high } of stage.found()?.inputs ?? []) console.log(name, low, high);
 */
export function simulate(options: SimulateOptions): SimulateStage {
  const settled = settle(options);
  let found: Simulated | undefined;
  return {
    name: NAME,
    found: () => found,
    table(kind) {
      if (!found) throw new Error('table: expected the stage to have run');
      return tableOf(kind, graphOf(found.model), found.plan.values);
    },
    async run(input, context = {}) {
      const hasInputs = settled.inputs !== undefined || (settled.values ?? []).length > 0;
      const isQdq = settled.form === 'qdq';
      // Integer kernels, and what reads QONNX, take in floats of 32 bits.
      const wide = isQdq || settled.form === 'qonnx' ? withFloat32(input) : input;
      // Where normalisation stood behind a layer, that could hand on no integers, while runtimes fold it into layers of floats.
      const folded = isQdq ? foldNormalization(wide) : wide;
      const model = hasInputs || isQdq ? withSettledOpset(folded) : folded;
      const values = hasInputs ? await planValues(model, { ...settled, isWhole: isQdq }, context) : undefined;
      if (isQdq) requireOpset(model, settled);
      const stage = weightStage(settled, values);
      const rounded = stage ? await stage.run(model, context) : model;
      const plan = stage?.plan?.() ?? values?.plan ?? EMPTY;
      found = {
        form: settled.form,
        // Whoever does not ask need not wait for what stages have pending.
        get weights() {
          return roundedWeights(model, rounded);
        },
        inputs: Array.from(plan.values, ([name, rounding]) => described(name, rounding)),
        model: rounded,
        plan,
      };
      const result = written(found, context);
      return result === rounded ? result : withRecord(result, recordOf('simulate', recorded(settled), {}));
    },
  };
}

type Settled = SimulateOptions & { readonly form: Form };

const EMPTY: RoundingPlan = { values: new Map(), sites: [], casts: new Map() };

/** @throws RangeError */
function settle(options: SimulateOptions): Settled {
  checkOptions(NAME, INPUTS, options);
  const { as, dataset } = options;
  const inputs = options.inputs ?? (as === 'qdq' ? 'uint8' : undefined);
  const hasInputs = inputs !== undefined || (options.values ?? []).length > 0;
  const form = as ?? (hasInputs ? 'fake' : 'values');
  if (hasInputs && dataset === undefined) {
    throw new RangeError(`${NAME}: inputs need a dataset to take ranges of`);
  }
  if (form === 'qdq' && !QDQ_VALUES.test(inputs ?? '')) {
    throw new RangeError(`${NAME}: expected inputs in uint8 or uint16 for qdq, got ${inputs}`);
  }
  for (const { match, format } of options.values ?? []) checkValueFormat(match, format, form);
  if (options.inputRange === 'online' && (form === 'qdq' || form === 'qonnx')) {
    throw new RangeError(`${NAME}: ${form} has ranges that are known before, and none of each batch; take fake or ema`);
  }
  const { domain = 'spatial' } = options;
  if (domain !== 'spatial' && (form === 'qdq' || form === 'packed' || form === 'qonnx')) {
    throw new RangeError(`${NAME}: weights that are rounded in ${domain} are no integers for ${form}; take fake`);
  }
  if (form === 'values' && hasInputs) {
    throw new RangeError(`${NAME}: expected fake, qdq, packed or qonnx as form with inputs, got values`);
  }
  return { ...options, inputs, form };
}

/** @throws RangeError for a format that single values cannot have */
function checkValueFormat(match: string, format: string, form: Form): void {
  if (!isFormatName(format)) {
    throw new RangeError(`${NAME}: expected a number format for ${match}, such as uint8, got ${format}`);
  }
  if (form === 'qdq' && format !== FLOAT32 && !QDQ_VALUES.test(format)) {
    throw new RangeError(`${NAME}: expected ${match} in uint8, uint16 or float32 for qdq, got ${format}`);
  }
}

/** Writes the model in its form, and says what that cannot tell. */
function written(simulated: Simulated, { onNote }: StageContext): Model {
  const left: string[] = [];
  const output = inForm(simulated, (name) => left.push(name));
  const why =
    simulated.form === 'qonnx'
      ? 'no scale of QONNX gives its weights'
      : 'its weights are no integers of at most 8 bits';
  for (const name of left.slice(0, TOLD)) onNote?.(`${name}: stays in floats, since ${why}`);
  if (left.length > TOLD) onNote?.(`${left.length - TOLD} more tensors stay in floats for the same reason`);
  return output;
}

/** @param onInexact - told of tensors that stay in floats */
function inForm({ model, plan, form }: Simulated, onInexact: (name: string) => void): Model {
  const formats = new Map(Array.from(recordedFormats(model), ([name, { weights }]) => [name, weights]));
  const weights = new Set(formats.keys());
  switch (form) {
    case 'fake':
      return insertFake(model, plan);
    case 'qdq':
      return insertQdq(model, { ...plan, weights, onInexact });
    case 'packed':
      return packWeights(insertFake(model, plan), weights, onInexact);
    case 'qonnx':
      return insertQonnx(model, plan, formats, onInexact);
    default:
      return model;
  }
}

/** What is recorded of the settings. */
function recorded({ inputs, inputRange, sign, form }: Settled): Record<string, unknown> {
  const range = inputs === undefined ? inputRange : rangeFor(inputs, inputRange);
  return { inputs, range, sign, as: form };
}

/** 16 bits came with operator set 21; what other operators mean in it is not for this stage to change. */
function requireOpset(model: Model, { inputs = '', values = [] }: Settled): void {
  const opset = edit(model).opset() ?? 0;
  const wide = [inputs, ...values.map(({ format }) => format)].find((format) => format.endsWith('16'));
  if (wide === undefined || opset >= WITH_16_BITS) return;
  const message = `model: ${wide} with qdq needs operator set ${WITH_16_BITS} or later, this one uses ${opset}; convert it, or take uint8`;
  throw new FxqError('UNSUPPORTED', message, { expected: WITH_16_BITS, actual: opset });
}

/** The stage that rounds weights, if any are to be. */
function weightStage(options: Settled, values: ValuePlan | undefined): WeightStage | undefined {
  const { rules = [], rounding, dataset, seed, form, inputs, ...rest } = options;
  const isQdq = form === 'qdq';
  const weights = options.weights ?? (isQdq ? 'int8' : undefined);
  if (weights === undefined && rules.length === 0) return undefined;
  const isLeftOut = inputs !== undefined && !isQdq;
  const { first = isLeftOut ? FLOAT32 : undefined, last = isLeftOut ? FLOAT32 : undefined } = options;
  const by = rest.by ?? (isQdq ? 'channel' : undefined);
  const wanted = { ...rest, by, weights, rules, first, last };
  const given = isReduced({ as: form, ...options }) ? withReducedRange(wanted) : wanted;
  const rounded = values && values.plan.values.size > 0 ? values : undefined;
  if (options.weightStage) return options.weightStage({ ...given, seed, rounding: plainly(rounding) }, rounded);
  const isCompensated = rounding === 'compensated' || (rounding === undefined && dataset !== undefined);
  if (!isCompensated) return quantize({ ...given, rounding: plainly(rounding), seed });
  if (dataset === undefined) throw new RangeError(`${NAME}: rounding compensated needs a dataset`);
  return calibratedQuantize({ ...given, seed, dataset, roundedInputs: rounded?.plan });
}

function plainly(rounding: SimulateOptions['rounding']): QuantizeOptions['rounding'] {
  return rounding === 'compensated' ? undefined : rounding;
}

function described(name: string, rounding: ValueRounding): RoundedInput {
  const { format, range } = rounding;
  return { name, format, ...endsOfRounding(rounding), range };
}
