/** How much may be under way at once, what is done but not fetched included. */
export interface Limits {
  readonly items: number;
  /** Sizes of the items together; a larger one goes alone. */
  readonly size: number;
}

/**
 * Does work on items, several at a time, and gives the results in the order of the items. What is under way when the
 * caller leaves or a result fails is left to itself.
 *
 * @param sizeOf - an item's share of {@link Limits.size}
 *
 * @example
 * for await (const page of inOrder(urls, { items: 4, size: 4 }, () => 1, download)) show(page);
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  limits: Limits,
  sizeOf: (item: Item) => number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void> {
  const waiting = items[Symbol.iterator]();
  const underWay: { size: number; result: Promise<Result> }[] = [];
  let total = 0;
  let next = waiting.next();
  for (;;) {
    while (!next.done && underWay.length < limits.items) {
      const size = sizeOf(next.value);
      if (underWay.length > 0 && total + size > limits.size) break;
      const result = work(next.value);
      // Reported when its turn comes, and not before.
      result.catch(() => undefined);
      underWay.push({ size, result });
      total += size;
      next = waiting.next();
    }
    if (underWay.length === 0) return;
    total -= underWay[0].size;
    // Nothing here keeps it once it is handed out.
    yield underWay.splice(0, 1)[0].result;
  }
}

/** The next of results that are known not to have ended. */
export async function nextOf<Result>(results: AsyncGenerator<Result, void>): Promise<Result> {
  const { done, value } = await results.next();
  if (done) throw new Error('expected another result, got the end of them');
  return value;
}
