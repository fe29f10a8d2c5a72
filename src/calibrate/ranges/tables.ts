import type { DecodedGraph } from '../../graph/decoded-graph.js';
import { channelAxis } from '../../graph/simulate/channel-axis.js';
import { codesOf, INT8_REACH } from '../../graph/simulate/codes.js';
import { findSites } from '../../graph/simulate/sites.js';
import { isPatchable, readWeights } from '../../model/weights.js';
import { endsOfRounding, isUniform, type ValueRounding } from '../../quantize/values.js';
import type { TableKind } from './table-kind.js';

/** What TensorRT writes at the head of a cache; the number is that of a version which all later ones read. */
const TENSORRT_HEAD = 'TRT-8601-EntropyCalibration2';

/**
 * Scales of values and weights for other platforms.
 *
 * JSON has everything: format, step, zero point and ends of each value. TensorRT's cache has the step of each value in int8, as
 * the bits of a float32 in hexadecimal. ncnn's table has, layer by layer, what weights are multiplied by, channel by channel,
 * and what inputs are: 127 by the largest magnitude.
 *
 * Source: ncnn's `ncnn2table`, TensorRT's `IInt8Calibrator`.
 *
 * @param graph - of the model with its rounded weights
 */
export function tableOf(kind: TableKind, graph: DecodedGraph, values: ReadonlyMap<string, ValueRounding>): string {
  switch (kind) {
    case 'tensorrt':
      return `${[TENSORRT_HEAD, ...Array.from(values, ([name, each]) => `${name}: ${bitsOf(int8Step(each))}`)].join('\n')}\n`;
    case 'ncnn':
      return ncnn(graph, values);
    default:
      return `${JSON.stringify({ values: Array.from(values, ([name, each]) => described(name, each)), weights: scalesOf(graph) }, null, 2)}\n`;
  }
}

function described(name: string, rounding: ValueRounding): object {
  const { format, range, fitted } = rounding;
  const grid = isUniform(format)
    ? { scale: fitted.scale, zeroPoint: format.startsWith('uint') ? 0 - fitted.set.low : 0 }
    : {};
  return { name, format, ...grid, ...endsOfRounding(rounding), range };
}

/** The step of int8, which both platforms compute in, that reaches as far. */
function int8Step(rounding: ValueRounding): number {
  const { low, high } = endsOfRounding(rounding);
  return Math.max(high, -low) / INT8_REACH;
}

function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0).toString(16).padStart(8, '0');
}

/** A layer's weights and their steps. */
interface LayerScales {
  readonly layer: string;
  readonly name: string;
  readonly input: string;
  readonly steps: number[];
}

/** The steps of int8 weights of every layer, channel by channel where they differ. */
function scalesOf(graph: DecodedGraph): LayerScales[] {
  return findSites(graph).flatMap(({ node, value, weights }) => {
    if (!weights || !isPatchable(weights)) return [];
    const axis = channelAxis([{ node, input: 1 }], weights.dims);
    const { steps } = codesOf(readWeights(weights), { ...weights, axis, reach: INT8_REACH });
    const layer = node.name || node.output?.[0] || weights.name;
    return [{ layer, name: weights.name, input: value, steps: [...steps] }];
  });
}

function ncnn(graph: DecodedGraph, values: ReadonlyMap<string, ValueRounding>): string {
  const layers = scalesOf(graph).filter(({ input }) => values.has(input));
  const scales = (steps: readonly number[]) => steps.map((step) => String(Math.fround(1 / step))).join(' ');
  const weights = layers.map(({ layer, steps }) => `${layer}_param_0 ${scales(steps)}`);
  const inputs = layers.map(({ layer, input }) => {
    const rounding = values.get(input);
    return `${layer} ${rounding ? scales([int8Step(rounding)]) : ''}`;
  });
  return `${[...weights, ...inputs].join('\n')}\n`;
}
