import { FxqError } from '../errors.js';
import type { Tensor } from '../model/model.js';
import { matcher, SELECTOR_FIELDS, type Selector } from '../model/selectors.js';
import { mostAlike } from '../options/nearest.js';

/** A selector, and where it stands: `--include`, or a key of a config file. */
export interface PlacedSelector {
  readonly place: string;
  readonly selector: Selector;
}

/** What selectors look at, in the plural. */
const FIELDS = { name: 'names', op: 'operators', role: 'roles', dtype: 'types' } as const;

/** Names that are told in place of one that is not there. */
const TOLD = 4;

/**
 * Checks that every selector finds a tensor: one that finds none is misspelt, and would leave out what it is for.
 *
 * @throws FxqError `CONFIG`, with what there is that is most like it
 */
export function checkSelectors(selectors: readonly PlacedSelector[], tensors: readonly Tensor[]): void {
  for (const { place, selector } of selectors) {
    if (tensors.some(matcher(selector))) continue;
    const field = SELECTOR_FIELDS.find((each) => selector.startsWith(`${each}:`));
    const word = (field === undefined ? selector : selector.slice(field.length + 1)).replace(/[*?]/g, '');
    const there = mostAlike(
      word,
      tensors.map((tensor) => tensor[field ?? 'name']).filter((text) => text !== ''),
      TOLD,
    );
    const nearest =
      there.length === 0
        ? 'the model has none at all'
        : `the nearest ${FIELDS[field ?? 'name']} are ${there.join(', ')} (inspect --all lists them)`;
    throw new FxqError('CONFIG', `${place} "${selector}": matches no tensor; ${nearest}`, { actual: selector });
  }
}
