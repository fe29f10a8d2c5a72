import { dataTypeOf } from '../../binary/dtype.js';
import { int } from '../../graph/attributes.js';
import { copyOf, type DecodedGraph } from '../../graph/decoded-graph.js';
import { floatValue, writeModel } from '../../graph/open-model.js';
import { type Feeder, runGraph } from '../../runtime/batches.js';
import { ValueStatistics } from './statistics.js';

/**
 * Runs inputs through a model once and takes down what values of the main graph are: their ends, averages and histograms.
 *
 * @param values - names; those of float16 are looked at as float32
 */
export async function gatherStatistics(
  graph: DecodedGraph,
  values: Iterable<string>,
  feeder: Feeder,
  onProgress?: (samples: number) => void,
): Promise<Map<string, ValueStatistics>> {
  const open = copyOf(graph.open);
  const { builder } = open;
  const seen = Array.from(new Set(values), (value) => ({
    value,
    output: builder.emit('Cast', [value], [int('to', dataTypeOf('float32'))]),
    statistics: new ValueStatistics(),
  }));
  const bytes = writeModel(
    open,
    seen.map(({ output }) => floatValue(output)),
  );
  let done = 0;
  if (seen.length > 0) {
    await runGraph(bytes, feeder, (outputs, samples) => {
      for (const { output, statistics } of seen) statistics.add(outputs[output].data as Float32Array, samples);
      done += samples;
      onProgress?.(done);
    });
  }
  return new Map(seen.map(({ value, statistics }) => [value, statistics]));
}
