// What models answer beside a float net, as often as it is right and as often as both decide alike; the runtime's optimisations are
// those that keep the order of sums (`extended`), so that roundings are those of the graph.

import { runBatches } from '../../../build/runtime/batches.js';
import { loadRuntime, openSession } from '../../../build/runtime/session.js';

const LEVEL = 'extended';

/**
 * Decisions of a model on a data set, and the labels where there are some.
 *
 * @param {Uint8Array} bytes
 * @param {import('../../../build/index.js').Dataset} dataset
 * @param {{ limit?: number, level?: string, threads?: number }} options
 */
export async function decisionsOf(bytes, dataset, { limit, level = LEVEL, threads = 1 } = {}) {
  const session = await openSession(await loadRuntime(), bytes, {
    threads,
    session: { graphOptimizationLevel: level },
  });
  const decisions = [];
  const right = [];
  for await (const { outputs, labels, samples } of runBatches(session, { batches: () => dataset({ limit }), limit })) {
    const { data } = outputs[session.outputNames[0]];
    const classes = data.length / samples;
    for (let row = 0; row < samples; row++) {
      let best = 0;
      for (let k = 1; k < classes; k++) if (data[row * classes + k] > data[row * classes + best]) best = k;
      decisions.push(best);
      if (labels) right.push(best === Number(labels[row]));
    }
  }
  await session.release();
  return { decisions, top1: right.length > 0 ? (100 * right.filter(Boolean).length) / right.length : undefined };
}

/** Share of decisions that are alike, in per cent. */
export function agreement(one, other) {
  return (100 * one.decisions.filter((decision, i) => decision === other.decisions[i]).length) / one.decisions.length;
}
