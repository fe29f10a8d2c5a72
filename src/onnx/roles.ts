import type { Role } from '../model/model.js';
import type { Use, Value } from './graph.js';

/** Which inputs of an operator are weights, which biases, which belong to a normalisation (by input position). */
interface Inputs {
  readonly weight?: readonly number[];
  readonly bias?: readonly number[];
  readonly normalisation?: readonly number[];
}

const CONV: Inputs = { weight: [1], bias: [2] };
const MATMUL: Inputs = { weight: [0, 1] };
const RECURRENT: Inputs = { weight: [1, 2], bias: [3] };
const NORMALISATION: Inputs = { normalisation: [1, 2, 3, 4] };

/** Operators of the ONNX and com.microsoft domains that hold learned tensors. */
const OPERATORS: Record<string, Inputs> = {
  Conv: CONV,
  ConvTranspose: CONV,
  ConvInteger: CONV,
  DeformConv: { weight: [1], bias: [3] },
  FusedConv: CONV,
  NhwcConv: CONV,
  QLinearConv: { weight: [3], bias: [8] },
  Gemm: { weight: [0, 1], bias: [2] },
  FusedGemm: { weight: [0, 1], bias: [2] },
  QGemm: { weight: [0, 3], bias: [6] },
  MatMul: MATMUL,
  FusedMatMul: MATMUL,
  MatMulInteger: MATMUL,
  MatMulIntegerToFloat: { weight: [0, 1], bias: [6] },
  DynamicQuantizeMatMul: { weight: [1], bias: [4] },
  MatMulNBits: { weight: [1] },
  QLinearMatMul: { weight: [0, 3] },
  Einsum: MATMUL,
  Attention: { weight: [1], bias: [2] },
  QAttention: { weight: [1], bias: [2] },
  LSTM: RECURRENT,
  GRU: RECURRENT,
  RNN: RECURRENT,
  DynamicQuantizeLSTM: RECURRENT,
  Gather: { weight: [0] },
  EmbedLayerNormalization: { weight: [2, 3, 4], normalisation: [5, 6] },
  BatchNormalization: NORMALISATION,
  InstanceNormalization: NORMALISATION,
  LayerNormalization: NORMALISATION,
  GroupNormalization: NORMALISATION,
  SimplifiedLayerNormalization: NORMALISATION,
  SkipLayerNormalization: { normalisation: [2, 3], bias: [4] },
};

/** Operators whose output, plus a constant, makes that constant their bias. */
const BEFORE_BIAS = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'MatMulInteger', 'FusedMatMul', 'Einsum']);

const RANK: readonly Role[] = ['weight', 'normalisation', 'bias', 'other'];

/**
 * What a tensor is for: the strongest role among all its uses, followed through operators that only move data. The
 * operators of onnx.proto's attention-style `Attention` (opset 23) take no weights, those of com.microsoft do.
 *
 * @param value - the value that the tensor defines
 * @param isTable - whether the tensor could be an embedding: floating point or quantised, two or more dimensions
 */
export function roleOf(value: Value | undefined, isTable: boolean): { role: Role; op: string } {
  let best: { role: Role; op: string } = { role: 'other', op: '' };
  const seen = new Set<Value>();
  const open = value === undefined ? [] : [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...next.flows);
    for (const use of next.uses) {
      const role = roleOfUse(use, isTable);
      if (best.op === '' || RANK.indexOf(role) < RANK.indexOf(best.role)) best = { role, op: use.node.opType ?? '' };
    }
  }
  return best;
}

function roleOfUse(use: Use, isTable: boolean): Role {
  const op = use.node.opType ?? '';
  const { input } = use;
  if (op === 'Gather' && !isTable) return 'other';
  if (op === 'Attention' && use.node.domain !== 'com.microsoft') return 'other';
  const inputs = OPERATORS[op];
  if (inputs?.weight?.includes(input)) return 'weight';
  if (inputs?.bias?.includes(input)) return 'bias';
  if (inputs?.normalisation?.includes(input)) return 'normalisation';
  const partner = (op === 'Add' || op === 'Sum') && use.inputs[1 - input];
  return partner && BEFORE_BIAS.has(partner.producer) ? 'bias' : 'other';
}
