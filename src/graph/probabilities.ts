import type { Model } from '../model/model.js';

/** Operators that change the shape of a value, or its type, and no more. */
const SHAPING = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast', 'Dropout']);

/** Whether an output of a model is probabilities: a Softmax, perhaps in another shape. */
export function isProbability({ structure }: Model, output: string): boolean {
  const nodes = structure.proto.graph?.node ?? [];
  const producerOf = (value: string | undefined) => nodes.find((node) => value && node.output?.includes(value));
  let node = producerOf(output);
  while (node && !node.domain && SHAPING.has(node.opType ?? '')) node = producerOf(node.input?.[0]);
  return node?.opType === 'Softmax' && !node.domain;
}
