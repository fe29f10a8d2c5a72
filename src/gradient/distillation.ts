import { int } from '../graph/attributes.js';
import type { GraphBuilder } from '../graph/builder.js';
import { type LossHead, meanOfRows } from './loss.js';

/**
 * Appends T² · KL(softmax(teacher / T) ‖ softmax(logits / T)), averaged over the samples, for logits and a teacher's logits
 * of the shape [N, classes]. A temperature T above 1 shows how the teacher ranks the classes it does not choose; T² keeps
 * the size of the gradients, which the division would shrink.
 */
export function distillation(builder: GraphBuilder, logits: string, teacher: string, temperature: number): LossHead {
  const logarithms = (values: string) => {
    const cooled = temperature === 1 ? values : builder.emit('Div', [values, builder.float(temperature)]);
    return builder.emit('LogSoftmax', [cooled], [int('axis', -1)]);
  };
  const [own, wanted] = [logarithms(logits), logarithms(teacher)];
  const probabilities = builder.emit('Exp', [wanted]);
  const terms = builder.emit('Mul', [probabilities, builder.emit('Sub', [wanted, own])]);
  const { mean, count } = meanOfRows(builder, terms);
  // d loss / d logits = T · (softmax(logits / T) − softmax(teacher / T)) / N
  const excess = builder.emit('Sub', [builder.emit('Exp', [own]), probabilities]);
  const rate = builder.emit('Div', [builder.float(temperature), count]);
  return {
    loss: builder.emit('Mul', [mean, builder.float(temperature ** 2)]),
    gradient: builder.emit('Mul', [excess, rate]),
  };
}
