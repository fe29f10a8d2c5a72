import type { QuantizeLayer, QuantizeOptions } from '../../stages/quantize.js';
import type { InputOptions } from './options.js';

/** What int8 weights become where sums of two products of 8 bits could saturate: on processors without VNNI or the like. */
const [FULL, REDUCED] = ['int8', 'int7'];

/** Whether int8 weights use seven bits. */
export function isReduced({ as, fullRange }: Pick<InputOptions, 'as' | 'fullRange'>): boolean {
  return as === 'qdq' && !fullRange;
}

/** Whether a format of weights has codes that only the full range has. */
export function isFullRange(format: string): boolean {
  return format === FULL;
}

/** The same settings with int8 weights in the reduced range, whichever setting names them. */
export function withReducedRange<Options extends QuantizeOptions>(options: Options): Options {
  const { weights, first, last, rules = [] } = options;
  return {
    ...options,
    ...{ weights: reduced(weights), first: reduced(first), last: reduced(last) },
    rules: rules.map((rule) => ({ ...rule, options: reducedLayer(rule.options) })),
  };
}

function reducedLayer(layer: QuantizeLayer): QuantizeLayer {
  return layer.weights === undefined ? layer : { ...layer, weights: reduced(layer.weights) };
}

function reduced<Format extends string | undefined>(format: Format): Format | typeof REDUCED {
  return format !== undefined && isFullRange(format) ? REDUCED : format;
}
