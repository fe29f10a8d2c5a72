import type { Model } from '../model/model.js';

/** Operators that change the shape of a value, or its type, and no more. */
const SHAPING = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast', 'Dropout']);

/** What an output is made of by an activation that every score goes through, by itself or with the others of its row. */
export interface Activation {
  readonly opType: 'Softmax' | 'Sigmoid';
  /** The value that holds the scores. */
  readonly scores: string;
}

/** The activation that a model ends in, perhaps in another shape. */
export function activationOf({ structure }: Model, output: string): Activation | undefined {
  const nodes = structure.proto.graph?.node ?? [];
  const producerOf = (value: string | undefined) => nodes.find((node) => value && node.output?.includes(value));
  let node = producerOf(output);
  while (node && !node.domain && SHAPING.has(node.opType ?? '')) node = producerOf(node.input?.[0]);
  const { opType, domain, input } = node ?? {};
  if (domain || (opType !== 'Softmax' && opType !== 'Sigmoid')) return undefined;
  return { opType, scores: input?.[0] ?? '' };
}
