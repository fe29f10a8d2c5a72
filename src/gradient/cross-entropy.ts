import { int } from '../graph/attributes.js';
import type { GraphBuilder } from '../graph/builder.js';
import { type LossHead, meanOfRows } from './loss.js';

/**
 * Appends the softmax cross-entropy of `logits` [N, classes] against `labels` of the same shape, averaged over the N
 * samples. Each row of labels is a distribution: one-hot for a class, or the probabilities of a teacher. Axes between
 * those two make rows as well.
 */
export function crossEntropy(builder: GraphBuilder, logits: string, labels: string): LossHead {
  const logarithms = builder.emit('LogSoftmax', [logits], [int('axis', -1)]);
  const { mean, count } = meanOfRows(builder, builder.emit('Mul', [logarithms, labels]));
  // d loss / d logits = (softmax − labels) / N
  const excess = builder.emit('Sub', [builder.emit('Exp', [logarithms]), labels]);
  return { loss: builder.emit('Neg', [mean]), gradient: builder.emit('Div', [excess, count]) };
}

/**
 * The logits behind an output: when the model ends in Softmax over the last axis, what goes into it. The loss needs those,
 * because the logarithm of a probability that has underflowed is lost.
 */
export function logitsBehind(builder: GraphBuilder, output: string): string {
  const producer = builder.graph.node!.find((node) => node.output?.[0] === output);
  if (producer?.opType === 'Softmax' && !producer.domain) return producer.input![0];
  return producer?.opType === 'Identity' ? logitsBehind(builder, producer.input![0]) : output;
}
