import { clip, hardSigmoid, hardSwish, leakyRelu, logSoftmax, relu, sigmoid, softmax, tanh } from './activation.js';
import { averagePool } from './average-pool.js';
import { batchNormalization } from './batch-normalization.js';
import { cast } from './cast.js';
import { conv, convTranspose } from './conv.js';
import { add, div, extreme, mul, sub, sum, where } from './elementwise.js';
import { abs, elu, erf, exp, log, neg, pow, reciprocal, softplus, sqrt } from './function.js';
import { gelu } from './gelu.js';
import { gemm } from './gemm.js';
import { groupNormalization } from './group-normalization.js';
import { choice } from './if.js';
import { instanceNormalization } from './instance-normalization.js';
import { layerNormalization } from './layer-normalization.js';
import { matMul } from './mat-mul.js';
import { maxPool } from './max-pool.js';
import { pRelu } from './prelu.js';
import { dequantizeLinear, quantizeLinear } from './quantize-linear.js';
import { recurrent } from './recurrent.js';
import { globalAveragePool, globalMaxPool, reduceExtreme, reduceL2, reduceMean, reduceSum } from './reduce.js';
import { round } from './round.js';
import type { GradientRule } from './rule.js';
import { scan } from './scan.js';
import { rearrange, resize, select } from './select.js';
import { concat, expand, identity, pad, reshape, split, transpose } from './shape.js';

/** The gradient rules by operator type of the standard domain. */
export const RULES: ReadonlyMap<string, GradientRule> = new Map(
  Object.entries({
    Abs: abs,
    Add: add,
    AveragePool: averagePool,
    BatchNormalization: batchNormalization,
    Cast: cast,
    Clip: clip,
    Concat: concat,
    Conv: conv,
    ConvTranspose: convTranspose,
    DepthToSpace: rearrange,
    DequantizeLinear: dequantizeLinear,
    Div: div,
    Dropout: identity,
    Elu: elu,
    Erf: erf,
    Exp: exp,
    Expand: expand,
    Flatten: reshape,
    Gather: select,
    GatherElements: select,
    GRU: recurrent,
    GatherND: select,
    Gelu: gelu,
    Gemm: gemm,
    GlobalAveragePool: globalAveragePool,
    GlobalMaxPool: globalMaxPool,
    GroupNormalization: groupNormalization,
    HardSigmoid: hardSigmoid,
    HardSwish: hardSwish,
    Identity: identity,
    If: choice,
    InstanceNormalization: instanceNormalization,
    LSTM: recurrent,
    LayerNormalization: layerNormalization,
    LeakyRelu: leakyRelu,
    Log: log,
    LogSoftmax: logSoftmax,
    MatMul: matMul,
    Max: extreme,
    MaxPool: maxPool,
    Min: extreme,
    Mul: mul,
    Neg: neg,
    PRelu: pRelu,
    Pad: pad,
    Pow: pow,
    QuantizeLinear: quantizeLinear,
    RNN: recurrent,
    Reciprocal: reciprocal,
    ReduceL2: reduceL2,
    ReduceMax: reduceExtreme,
    ReduceMean: reduceMean,
    ReduceMin: reduceExtreme,
    ReduceSum: reduceSum,
    Relu: relu,
    Reshape: reshape,
    Resize: resize,
    Round: round,
    Scan: scan,
    Sigmoid: sigmoid,
    Slice: select,
    Softmax: softmax,
    Softplus: softplus,
    SpaceToDepth: rearrange,
    Split: split,
    Sqrt: sqrt,
    Squeeze: reshape,
    Sub: sub,
    Sum: sum,
    Tanh: tanh,
    Tile: select,
    Transpose: transpose,
    Unsqueeze: reshape,
    Where: where,
  }),
);

/** Operators whose result is a shape, an index or a truth value: no gradient passes, and none is missing. */
export const STOPS: ReadonlySet<string> = new Set([
  'And',
  'ArgMax',
  'ArgMin',
  'ConstantOfShape',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'IsInf',
  'IsNaN',
  'Less',
  'LessOrEqual',
  'NonZero',
  'Not',
  'Or',
  'Shape',
  'Size',
  'Xor',
]);

export type { GradientRule } from './rule.js';
