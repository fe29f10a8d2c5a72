import { clip, hardSigmoid, hardSwish, leakyRelu, logSoftmax, relu, sigmoid, softmax, tanh } from './activation.js';
import { averagePool, globalAveragePool } from './average-pool.js';
import { batchNormalization } from './batch-normalization.js';
import { conv, convTranspose } from './conv.js';
import { add, div, mul, sub, sum } from './elementwise.js';
import { abs, erf, exp, log, neg, pow, reciprocal, sqrt } from './function.js';
import { gemm } from './gemm.js';
import { matMul } from './mat-mul.js';
import { maxPool } from './max-pool.js';
import { reduceMean } from './reduce-mean.js';
import type { GradientRule } from './rule.js';
import { resize, select } from './select.js';
import { concat, identity, pad, reshape, transpose } from './shape.js';

/** The gradient rules by operator type of the standard domain. */
export const RULES: ReadonlyMap<string, GradientRule> = new Map(
  Object.entries({
    Abs: abs,
    Add: add,
    AveragePool: averagePool,
    BatchNormalization: batchNormalization,
    Clip: clip,
    Concat: concat,
    Conv: conv,
    ConvTranspose: convTranspose,
    Div: div,
    Dropout: identity,
    Erf: erf,
    Exp: exp,
    Flatten: reshape,
    Gather: select,
    Gemm: gemm,
    GlobalAveragePool: globalAveragePool,
    HardSigmoid: hardSigmoid,
    HardSwish: hardSwish,
    Identity: identity,
    LeakyRelu: leakyRelu,
    Log: log,
    LogSoftmax: logSoftmax,
    MatMul: matMul,
    MaxPool: maxPool,
    Mul: mul,
    Neg: neg,
    Pad: pad,
    Pow: pow,
    Reciprocal: reciprocal,
    ReduceMean: reduceMean,
    Relu: relu,
    Reshape: reshape,
    Resize: resize,
    Sigmoid: sigmoid,
    Slice: select,
    Softmax: softmax,
    Sqrt: sqrt,
    Squeeze: reshape,
    Sub: sub,
    Sum: sum,
    Tanh: tanh,
    Transpose: transpose,
    Unsqueeze: reshape,
  }),
);

/** Operators whose result is a shape, an index or a truth value: no gradient passes, and none is missing. */
export const STOPS: ReadonlySet<string> = new Set([
  'ArgMax',
  'ArgMin',
  'ConstantOfShape',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'NonZero',
  'Not',
  'Shape',
  'Size',
]);

export type { GradientRule, RuleContext } from './rule.js';
