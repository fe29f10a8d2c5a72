import type { DType } from '../../binary/dtype.js';
import { FxqError } from '../../errors.js';
import type { Model } from '../../model/model.js';
import { isPatchable, readWeights } from '../../model/weights.js';
import { formatNamed } from '../../quantize/formats/parse.js';
import { int, string } from '../attributes.js';
import { edit } from '../edit/edit.js';
import type { EditedGraph } from '../edit/graph.js';
import { channelAxis } from './channel-axis.js';
import { codesOf } from './codes.js';
import { interposeAll } from './insert-fake.js';
import type { RoundingPlan } from './plan.js';

const DOMAIN = 'qonnx.custom_op.general';
/** Weights in integers of more bits are on no grid that could be found again. */
const MOST_BITS = 8;

/** What an operator of QONNX is told of a format, beside the scale. */
interface Operator {
  readonly op: 'IntQuant' | 'BipolarQuant' | 'FloatQuant';
  /** Inputs behind the scale. */
  readonly inputs: readonly number[];
  readonly attributes: Readonly<Record<string, number>>;
  /** As so many times the format's scale QONNX has it. */
  readonly factor: number;
}

/**
 * Writes the operators of QONNX that FINN, hls4ml and Brevitas know, before layers and on their weights. ONNX Runtime has none of
 * them.
 *
 * Source: the schemas of qonnx.custom_op.general, version 1.
 *
 * @param weights - the formats of tensors, by name
 * @param onInexact - told of weights that no scale of these operators gives: they stay in floats as they are
 * @throws FxqError `UNSUPPORTED` for formats that QONNX has no operator for
 */
export function insertQonnx(
  model: Model,
  plan: RoundingPlan,
  weights: ReadonlyMap<string, string>,
  onInexact?: (name: string) => void,
): Model {
  const editor = edit(model);
  const { graph } = editor;
  interposeAll(editor, plan, (value) => {
    const { format, fitted } = plan.values.get(value) ?? fail(value, 'none');
    const zero = format.startsWith('uint') ? -fitted.set.low : 0;
    return insert(graph, value, operatorOf(value, format, zero), { dims: [], values: Float32Array.of(fitted.scale) });
  });
  for (const name of graph.stored) {
    const { record, dims } = graph.tensor(name) ?? {};
    const format = record && weights.get(record.name);
    if (!record || !dims || !format || !isPatchable(record)) continue;
    const uses = graph.uses(name).filter(({ node }) => node !== undefined);
    const axis = channelAxis(
      uses.map(({ node, input }) => ({ node: node?.decode() ?? {}, input })),
      dims,
    );
    const grid = gridOf(readWeights(record), { name, format, dims, axis });
    if (!grid) {
      onInexact?.(record.name);
      continue;
    }
    const { operator, steps } = grid;
    const scaleDims = steps.length === 1 ? [] : dims.map((dim, i) => (i === axis ? dim : 1));
    graph.interpose(
      name,
      (value) => insert(graph, value, operator, { dims: scaleDims, values: steps }),
      ({ node }) => node !== undefined && node.domain !== DOMAIN,
    );
  }
  editor.useOpset(DOMAIN, 1);
  return editor.finish();
}

/** The operator for a format. */
function operatorOf(name: string, format: string, zero: number): Operator {
  const integer = /^(u?int|fixed)(\d+)/.exec(format);
  const float = /^e(\d)m(\d+)$/.exec(format);
  if (integer) {
    const [, family, bits] = integer;
    const attributes = { signed: family === 'uint' ? 0 : 1, narrow: family === 'int' ? 1 : 0 };
    return { op: 'IntQuant', inputs: [zero, Number(bits)], attributes, factor: 1 };
  }
  if (format === 'ternary') return { op: 'IntQuant', inputs: [0, 2], attributes: { signed: 1, narrow: 1 }, factor: 1 };
  if (format === 'binary' || format === 'binaryconnect') {
    return { op: 'BipolarQuant', inputs: [], attributes: {}, factor: 1 };
  }
  if (!float) return fail(name, format);
  const [exponent, mantissa] = [Number(float[1]), Number(float[2])];
  const bias = 2 ** (exponent - 1) - 1;
  const most = (2 - 2 ** -mantissa) * 2 ** (2 ** exponent - 1 - bias);
  return {
    op: 'FloatQuant',
    inputs: [exponent, mantissa, bias, most],
    attributes: { has_inf: 0, has_nan: 0, has_subnormal: 1, saturation: 1 },
    // Ours is the least subnormal, theirs stands before 2^(1 − bias).
    factor: 2 ** (bias + mantissa - 1),
  };
}

/** Weights that are to be told. */
interface Told {
  readonly name: string;
  readonly format: string;
  readonly dims: readonly number[];
  readonly axis: number | undefined;
}

/** How weights are told: the operator, and one step for all or one a channel. */
interface Grid {
  readonly operator: Operator;
  readonly steps: Float32Array;
}

/** The operator and the steps that leave weights what they are; `undefined` where there are none. */
function gridOf(values: Float32Array, { name, format, dims, axis }: Told): Grid | undefined {
  const operator = operatorOf(name, format, 0);
  if (operator.op === 'FloatQuant') {
    const scale = floatScale(values, format);
    return scale === undefined ? undefined : { operator, steps: Float32Array.of(scale) };
  }
  const position = /^fixed\d+\.(-?\d+)$/.exec(format)?.[1];
  const { low, high } = reachOf(operator, format);
  if (position !== undefined) {
    const step = 2 ** -Number(position);
    const isHeld = values.every(
      (value) => Number.isInteger(value / step) && value >= low * step && value <= high * step,
    );
    return isHeld ? { operator, steps: Float32Array.of(step) } : undefined;
  }
  if (high >= 2 ** MOST_BITS) return undefined;
  const { codes, steps, isExact } = codesOf(values, { dims, axis, reach: Math.max(-low, high), dtype: 'float32' });
  // Where integers have no sign, all of a tensor have one zero point.
  const zero = format.startsWith('uint') ? -codes.reduce((least, code) => Math.min(least, code), 0) : 0;
  const isHeld = codes.every((code) => code + zero >= low && code + zero <= high);
  // Of two values none is zero.
  const isTold = isExact && isHeld && (operator.op !== 'BipolarQuant' || !codes.includes(0));
  return isTold ? { operator: operatorOf(name, format, zero), steps } : undefined;
}

/** The least and the largest integer of an operator's. */
function reachOf({ op, inputs: [, bits] }: Operator, format: string): { low: number; high: number } {
  if (op === 'BipolarQuant') return { low: -1, high: 1 };
  if (format.startsWith('uint')) return { low: 0, high: 2 ** bits - 1 };
  const high = 2 ** (bits - 1) - 1;
  return { low: format.startsWith('fixed') ? -high - 1 : -high, high };
}

/** The scale that minifloats have: the least power of two that holds the largest; `undefined` where others are none of them. */
function floatScale(values: Float32Array, format: string): number | undefined {
  const fitted = formatNamed(format)?.fit(values, { range: 'max', percentile: 100, scaling: 'float32' });
  // Zeros have no scale of their own.
  if (!values.some((value) => value !== 0)) return 1;
  if (!fitted) return undefined;
  const { set, scale } = fitted;
  return values.every((value) => set.nearest(value / scale) * scale === value) ? scale : undefined;
}

interface Scale {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

function insert(graph: EditedGraph, value: string, { op, inputs, attributes, factor }: Operator, scale: Scale): string {
  const store = (name: string, dims: readonly number[], values: Float32Array, dtype: DType = 'float32') =>
    graph.store(`${value}/${name}`, { dtype, dims, bytes: new Uint8Array(values.slice().buffer) });
  const scaled = store(
    'scale',
    scale.dims,
    scale.values.map((each) => each * factor),
  );
  const others = inputs.map((each, i) => store(`${op}_${i + 1}`, [], Float32Array.of(each)));
  const attribute = Object.entries(attributes).map(([name, each]) => int(name, each));
  return graph.insert({
    opType: op,
    domain: DOMAIN,
    input: [value, scaled, ...others],
    output: [graph.fresh(`${value}/${op}`)],
    attribute: op === 'BipolarQuant' ? attribute : [...attribute, string('rounding_mode', 'ROUND')],
  }).outputs[0];
}

function fail(name: string, format: string): never {
  const message = `${name}: QONNX has no operator for ${format}; take int, uint, fixed, ternary, binary or e4m3`;
  throw new FxqError('UNSUPPORTED', message, { tensor: name, actual: format });
}
