import type { onnx } from 'onnx-proto';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import type { Tensor } from '../model/model.js';
import { readWeights } from '../model/weights.js';
import type { RangeKind } from './options.js';
import { ALIVE, type Parameter } from './parameter.js';

/** A value that the graph rounds with a stored step. */
export interface RoundedValue {
  /** The step, by its name in the graph. */
  readonly step: string;
  readonly tensor: Tensor;
  /** The value that is rounded, and the outermost code. */
  readonly value: string;
  readonly reach: number;
}

/** What of the last batch a moving average takes (Quantization.MXNet). */
const NEW = 0.1;
/** A step gets the gradient of every value that it rounds: so that they do not make the whole gradient, this share of it. */
const SHARE = 0.01;

/** Finds the fake quantisation of a graph: Div by a stored step, Round, Clip, Mul by the same step. */
export function roundedValues({ stored, producers, readers, open }: DecodedGraph): RoundedValue[] {
  const found = new Map<string, RoundedValue>();
  for (const clip of open.builder.graph.node ?? []) {
    if (clip.opType !== 'Clip') continue;
    const round = producers.get(clip.input?.[0] ?? '');
    const div = round?.opType === 'Round' ? producers.get(round.input?.[0] ?? '') : undefined;
    if (div?.opType !== 'Div') continue;
    const [value = '', step = ''] = div.input ?? [];
    const tensor = stored.get(step)?.tensor;
    if (tensor?.count !== 1 || tensor.dtype !== 'float32') continue;
    const users = readers.get(step) ?? [];
    if (!users.every((node) => node === div || isBehind(node, clip))) continue;
    const bounds = (clip.input ?? []).slice(1).map((name) => numberOf(stored.get(name)?.tensor));
    found.set(step, { step, tensor, value, reach: Math.max(...bounds.map(Math.abs)) });
  }
  return [...found.values()].filter(({ reach }) => reach > 0 && Number.isFinite(reach));
}

function isBehind(node: onnx.INodeProto, clip: onnx.INodeProto): boolean {
  return node.opType === 'Mul' && node.input?.includes(clip.output?.[0] ?? '') === true;
}

function numberOf(tensor: Tensor | undefined): number {
  return tensor?.dtype === 'float32' && tensor.count === 1 ? readWeights(tensor)[0] : Number.NaN;
}

/**
 * A step in training. Learned, its logarithm moves by the gradient (Esser et al. 2020); as a moving average, it takes a tenth of what the
 * batch asks for, which stands in the gradient's place (Jacob et al. 2018).
 */
export function openRange({ step, tensor }: RoundedValue, kind: Exclude<RangeKind, 'kept'>): Parameter {
  const values = readWeights(tensor).slice();
  const [first] = values;
  const free = new Float32Array(1);
  // A moving average is a free number, too, so that a checkpoint has it, but no gradient moves it.
  return {
    ...{ name: step, tensor, values, free, alive: Uint8Array.of(ALIVE), isShared: false },
    collect(gradient, into) {
      const [given] = gradient;
      into[0] = 0;
      if (kind === 'learned') into[0] = SHARE * given * values[0];
      else if (given > 0) free[0] = Math.log(((1 - NEW) * values[0] + NEW * given) / first);
    },
    publish() {
      values[0] = first * Math.exp(free[0]);
    },
  };
}
