import { inlineBranches } from '../calibrate/inline.js';
import { type DecodedGraph, graphOf, indexGraph } from '../graph/decoded-graph.js';
import { hoistTensors } from '../graph/hoist.js';
import { inlineFunctions } from '../graph/inline-functions.js';
import { openProto } from '../graph/open-model.js';
import { widen } from '../graph/widen.js';
import type { Model } from '../model/model.js';
import type { Feeder } from '../runtime/batches.js';
import { floatIntegers, type StoredIntegers } from './integers.js';

/** A graph to train. */
export interface TrainedGraph extends DecodedGraph {
  /** Stored integers by the name of the floats that stand for them in the graph. */
  readonly integers: ReadonlyMap<string, StoredIntegers>;
}

/**
 * The graph of a model as training takes it: without functions, with all tensors in one graph, in float32, and with floats in the
 * place of integers that are stored for them. All stay tied to the model's tensors. Branches that none of the inputs takes are left
 * out, so that nothing in them changes.
 *
 * @throws FxqError what `inlineFunctions` throws
 */
export async function trainedGraph(model: Model, feeder: Feeder): Promise<TrainedGraph> {
  const { open, records: own } = graphOf(model);
  inlineFunctions(open.proto);
  const { proto } = (await inlineBranches(indexGraph(openProto(open.proto), own), feeder)).open;
  hoistTensors(proto);
  widen(proto);
  const records = new Map(own);
  const integers = floatIntegers(indexGraph(openProto(proto), records), records);
  return { ...indexGraph(openProto(proto), records), integers };
}
