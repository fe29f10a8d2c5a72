import { copyOf, type DecodedGraph } from '../graph/decoded-graph.js';
import { type Layer, productsOf, readsOf } from '../graph/layers.js';
import { floatValue, writeModel } from '../graph/open-model.js';
import { product } from '../graph/view.js';
import { type Feeder, runGraph } from '../runtime/batches.js';
import { masksIn } from './padding.js';

/** What one batch tells of the values around layers. */
export interface Survey {
  /** The shape of a value, for a batch. */
  dims(value: string): readonly number[];
  /** How many columns a layer is multiplied with in a batch, by all that read it. */
  columns(layer: Layer): number;
  /** Samples of that batch. */
  readonly samples: number;
}

/** Runs one batch to see the shapes of what layers read and make. */
export async function surveyLayers(graph: DecodedGraph, layers: readonly Layer[], feeder: Feeder): Promise<Survey> {
  const open = copyOf(graph.open);
  const { builder } = open;
  const shapes = new Map<string, string>();
  const look = (value: string) => {
    if (value && !graph.stored.has(value) && !shapes.has(value)) shapes.set(value, builder.emit('Shape', [value]));
  };
  for (const { node } of layers.flatMap(readsOf))
    for (const value of [...(node.input ?? []), ...(node.output ?? [])]) look(value);
  for (const mask of masksIn(graph)) look(mask);
  const outputs = [...shapes.values()].map((name) => ({ ...floatValue(name), type: { tensorType: { elemType: 7 } } }));
  // Without layers there are the samples to count: a model has to give something.
  const bytes = writeModel(open, outputs.length > 0 ? outputs : (builder.graph.output ?? []));
  const found = new Map<string, number[]>();
  let first = 0;
  await runGraph(bytes, { ...feeder, limit: 1 }, (outputs, samples) => {
    first ||= samples;
    for (const [value, shape] of shapes) {
      if (!found.has(value)) found.set(value, Array.from(outputs[shape].data, Number));
    }
  });
  const dims = (value: string) => found.get(value) ?? graph.stored.get(value)?.tensor.dims ?? [];
  return {
    dims,
    samples: first,
    columns(layer) {
      const { rows, groups, inputs } = layer;
      const count = (value: string | undefined) => (value ? product(dims(value)) : 0);
      const parts = productsOf(layer).map(({ node, operand, output }) => {
        if (output !== undefined) return product(dims(output)) / (rows * groups);
        if (operand === 1) return count(node.input?.[0]) / inputs;
        return (count(node.output?.[0]) + count(node.input?.[5])) / (inputs * groups);
      });
      return parts.reduce((sum, part) => sum + part, 0);
    },
  };
}
