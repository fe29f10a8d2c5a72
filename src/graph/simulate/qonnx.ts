import type { DType } from '../../binary/dtype.js';
import { FxqError } from '../../errors.js';
import type { Model } from '../../model/model.js';
import { isPatchable, readWeights } from '../../model/weights.js';
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
 * @throws FxqError `UNSUPPORTED` for formats that QONNX has no operator for
 */
export function insertQonnx(model: Model, plan: RoundingPlan, weights: ReadonlyMap<string, string>): Model {
  const editor = edit(model);
  const { graph } = editor;
  interposeAll(editor, plan, (value) => {
    const { format, fitted } = plan.values.get(value) ?? fail(value, 'none');
    const zero = format.startsWith('uint') ? -fitted.set.low : 0;
    return insert(graph, value, operatorOf(value, format, zero), { dims: [], values: Float32Array.of(fitted.scale) });
  });
  for (const name of graph.initializers) {
    const { record, dims } = graph.tensor(name) ?? {};
    const format = record && weights.get(record.name);
    if (!record || !dims || !format || !isPatchable(record)) continue;
    const uses = graph.uses(name).filter(({ node }) => node !== undefined);
    const axis = channelAxis(
      uses.map(({ node, input }) => ({ node: node?.decode() ?? {}, input })),
      dims,
    );
    const values = readWeights(record);
    const operator = operatorOf(name, format, 0);
    const isInteger = operator.op !== 'FloatQuant' && !/16$/.test(format);
    const codes = codesOf(values, dims, axis, isInteger ? 2 ** MOST_BITS - 1 : 1);
    const steps = isInteger ? codes.steps : floatScale(values, format);
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

/** The scale that minifloats have: the largest power of two that all of them are multiples of, as the format counts. */
function floatScale(values: Float32Array, format: string): Float32Array {
  const [, exponent, mantissa] = (/^e(\d)m(\d+)$/.exec(format) ?? []).map(Number);
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const high = (2 * 2 ** mantissa - 1) * 2 ** (2 ** exponent - 2);
  return Float32Array.of(2 ** Math.ceil(Math.log2((most || 1) / high)));
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
