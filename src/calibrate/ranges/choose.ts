import { FxqError } from '../../errors.js';
import type { DecodedGraph } from '../../graph/decoded-graph.js';
import { computedValues, findSites, type Site } from '../../graph/simulate/sites.js';
import type { Model, Tensor } from '../../model/model.js';
import { matcher, type Selection, selector } from '../../model/selectors.js';
import { isPatchable } from '../../model/weights.js';
import { FLOAT32 } from '../../quantize/formats/parse.js';
import type { ValueRule } from './options.js';

/** Which values are to be rounded. */
export interface ChosenSites {
  /** The format of each value. */
  readonly formats: ReadonlyMap<string, string>;
  /** Values whose format is given by name. */
  readonly named: ReadonlySet<string>;
  /** Values that are to stay floats, whoever reads them. */
  readonly floats: ReadonlySet<string>;
  /** Where layers take them in. */
  readonly sites: readonly Site[];
  /** What to know of those that are left out, a sentence each. */
  readonly notes: readonly string[];
}

export interface ChooseOptions extends Pick<Selection<never>, 'include' | 'exclude'> {
  readonly inputs?: string | undefined;
  readonly values?: readonly ValueRule[] | undefined;
  /** Formats of the first and of the last layer's weights: with one, what they take in is rounded, too. */
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  /** Whether first and last layer are like all others. */
  readonly isWhole: boolean;
}

/** Chooses what is rounded: what the selected layers take in, first and last left out, and what is named. */
export function chooseSites(graph: DecodedGraph, model: Model, options: ChooseOptions): ChosenSites {
  const { inputs, values = [], isWhole } = options;
  const select = selector<object>({ include: options.include, exclude: options.exclude }, {}, []);
  const isWanted = (tensor: Tensor) => isPatchable(tensor) && select(tensor) !== undefined;
  const all = findSites(graph);
  const layers = all.filter(({ weights }) => weights !== undefined);
  const ends = { first: layers[0]?.index, last: layers.at(-1)?.index };
  const isOut = (end: 'first' | 'last', { index }: Site) =>
    index === ends[end] && (options[end] === FLOAT32 || (options[end] === undefined && !isWhole));
  const wanted =
    inputs === undefined || inputs === FLOAT32
      ? []
      : all.filter(
          (site) =>
            (site.weights === undefined || isWanted(site.weights)) && !isOut('first', site) && !isOut('last', site),
        );
  const formats = new Map<string, string>();
  for (const { value } of wanted) formats.set(value, inputs ?? FLOAT32);
  const computed = computedValues(graph);
  const named = new Set<string>();
  for (const { match, format } of values) {
    const matches = matcher(match.includes(':') ? `name:${match}` : match);
    const matching = [...computed].filter((name) => matches({ name } as Tensor));
    if (matching.length === 0) {
      throw new FxqError(
        'CONFIG',
        `values: "${match}" matches no value that the model computes; footprint --json names them`,
        {
          actual: match,
        },
      );
    }
    for (const name of matching) {
      named.add(name);
      formats.set(name, format);
    }
  }
  const floats = new Set([...formats.keys()].filter((value) => formats.get(value) === FLOAT32));
  for (const value of floats) formats.delete(value);
  const sites = wanted.filter(({ value }) => formats.has(value));
  const left = (['first', 'last'] as const).flatMap((end) => {
    const site = layers.find(({ index }) => index === ends[end]);
    return inputs !== undefined && site && isOut(end, site) ? [{ end, name: nameOf(site) }] : [];
  });
  const notes = left.map(({ end, name }) => `the ${end} layer, ${name}, stays as it is; --${end} int8 takes it in`);
  const nested = model.tensors.filter(
    (tensor) => tensor.role === 'weight' && isWanted(tensor) && graph.outside.has(tensor),
  );
  if (nested.length > 0 && inputs !== undefined) {
    notes.push(
      `${nested.length} layers take in floats, as they stand in branches, loops or functions: ${nested[0].name} …`,
    );
  }
  return { formats, named, floats, sites, notes };
}

function nameOf({ node }: Site): string {
  return `${node.opType} '${node.name || node.output?.[0] || '?'}'`;
}
