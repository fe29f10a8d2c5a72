import type { Role } from '../model/model.js';
import type { Use, Value } from './value.js';

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

/** What a tensor is for, and the operator that says so. */
export interface TensorRole {
  readonly role: Role;
  readonly op: string;
}

const UNUSED: TensorRole = { role: 'other', op: '' };

/** A value on the way from the one that is asked about, with what was found behind it so far. */
interface Visit {
  readonly value: Value;
  /** Flows that were not followed yet. */
  left: number;
  found: TensorRole;
  readonly number: number;
  /** The smallest number of a visit that can be reached from here and is not done. */
  low: number;
}

/**
 * Gives what tensors are for: the strongest role among all uses of the value that a tensor defines, followed through
 * operators that only move data; of equally strong uses the first, own ones before those of values that it flows to. The
 * operators of onnx.proto's attention-style `Attention` (opset 23) take no weights, those of com.microsoft do.
 *
 * Every value is looked at once, however many tensors flow into it: its role is kept. Values that flow in a circle, as
 * through a function that is called with its own result, have the same uses, and so one role (Tarjan's strongly
 * connected components, 1972, without recursion).
 *
 * @returns takes the value, and whether the tensor could be an embedding: floating point or quantised, two or more
 *   dimensions
 */
export function roleFinder(): (value: Value | undefined, isTable: boolean) => TensorRole {
  const known = { table: new Map<Value, TensorRole>(), other: new Map<Value, TensorRole>() };
  return (value, isTable) => {
    if (value === undefined) return UNUSED;
    const roles = isTable ? known.table : known.other;
    if (!roles.has(value)) findRoles(value, isTable, roles);
    return roles.get(value) as TensorRole;
  };
}

/** Adds the roles of a value and of all that it flows to. */
function findRoles(start: Value, isTable: boolean, roles: Map<Value, TensorRole>): void {
  const visits = new Map<Value, Visit>();
  /** The way from the start to where we are, and the values of circles that are not closed yet. */
  const path: Visit[] = [];
  const waiting: Visit[] = [];
  const enter = (value: Value) => {
    const number = visits.size;
    const visit = { value, left: value.flows.length, found: roleOfUses(value, isTable), number, low: number };
    visits.set(value, visit);
    path.push(visit);
    waiting.push(visit);
  };
  enter(start);
  for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
    if (visit.left > 0) {
      const next = visit.value.flows[--visit.left];
      const role = roles.get(next);
      const there = visits.get(next);
      if (role) visit.found = stronger(visit.found, role);
      else if (there) visit.low = Math.min(visit.low, there.number);
      else enter(next);
      continue;
    }
    path.pop();
    const before = path.at(-1);
    if (before) {
      before.found = stronger(before.found, visit.found);
      before.low = Math.min(before.low, visit.low);
    }
    if (visit.low < visit.number) continue;
    for (const { value } of waiting.splice(waiting.lastIndexOf(visit))) roles.set(value, visit.found);
  }
}

function roleOfUses({ uses }: Value, isTable: boolean): TensorRole {
  let found = UNUSED;
  for (const use of uses) found = stronger(found, { role: roleOfUse(use, isTable), op: use.node.opType ?? '' });
  return found;
}

/** The first one, unless that is no use or the second is stronger. */
function stronger(first: TensorRole, second: TensorRole): TensorRole {
  if (first.op === '') return second.op === '' ? first : second;
  return RANK.indexOf(second.role) < RANK.indexOf(first.role) ? second : first;
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
