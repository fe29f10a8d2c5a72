import type { Normalisation } from '../gradient/batch-statistics.js';
import { isStandard, readInt } from '../graph/attributes.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import { present } from '../guards.js';
import type { Tensor } from '../model/model.js';
import { readWeights } from '../model/weights.js';
import { ALIVE, type Parameter } from './parameter.js';

/** What of a batch stored statistics take (Quantization.MXNet). */
const NEW = 0.1;

/** Finds the layers whose statistics can follow what batches show: those that are stored for them alone. */
export function normalisations({ open, stored, readers }: DecodedGraph): Normalisation[] {
  return (open.builder.graph.node ?? []).flatMap((node) => {
    if (node.opType !== 'BatchNormalization' || !isStandard(node)) return [];
    if (readInt(node, 'training_mode', 0) !== 0 || readInt(node, 'spatial', 1) !== 1) return [];
    const [mean = '', variance = ''] = (node.input ?? []).slice(3);
    const areOwn = [mean, variance].every((name) => stored.has(name) && readers.get(name)?.length === 1);
    return areOwn ? [{ node, mean, variance }] : [];
  });
}

/** The statistics of layers in training: moving averages of what batches show, which stands in the gradient's place. */
export function openStatistics({ stored }: DecodedGraph, layers: readonly Normalisation[]): Parameter[] {
  return layers.flatMap(({ mean, variance }) =>
    [mean, variance].map((name) => openStatistic(name, present(stored.get(name)).tensor)),
  );
}

function openStatistic(name: string, tensor: Tensor): Parameter {
  const values = readWeights(tensor).slice();
  // They are free numbers, too, so that a checkpoint has them, but no gradient moves them.
  const free = values.slice();
  return {
    ...{ name, tensor, values, free, alive: new Uint8Array(values.length).fill(ALIVE), isShared: false },
    collect(observed, into) {
      for (let i = 0; i < free.length; i++) free[i] = (1 - NEW) * free[i] + NEW * observed[i];
      into.fill(0);
    },
    publish: () => values.set(free),
  };
}
