import { copyOf, type DecodedGraph } from '../graph/decoded-graph.js';
import { writeModel } from '../graph/open-model.js';
import { withSession } from './batches.js';
import type { Runtime, RuntimeMetadata } from './runtime.js';

/** The graph as it is: what the runtime fuses has no values in between. */
const PLAIN = { graphOptimizationLevel: 'disabled' };

/** What ONNX Runtime infers of values of the main graph: their types, and their shapes as far as these follow. */
export async function typesOf(
  { open }: DecodedGraph,
  names: Iterable<string>,
  runtime: Runtime,
): Promise<readonly RuntimeMetadata[]> {
  // Without a type it is inferred.
  const outputs = Array.from(names, (name) => ({ name }));
  const bytes = writeModel(copyOf(open), outputs);
  return withSession(runtime, bytes, { session: PLAIN }, async ({ outputMetadata }) => outputMetadata);
}
