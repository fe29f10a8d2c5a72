import { describe, expect, it } from 'vitest';
import { inOrder } from '../../src/container/write/ahead.js';

/** Work whose end the test decides on. */
function controlled() {
  const started: number[] = [];
  const ends = new Map<number, { resolve: (value: string) => void; reject: (error: Error) => void }>();
  const work = (item: number) =>
    new Promise<string>((resolve, reject) => {
      started.push(item);
      ends.set(item, { resolve, reject });
    });
  const end = (item: number) => ends.get(item)?.resolve(`done ${item}`);
  const fail = (item: number) => ends.get(item)?.reject(new Error(`failed ${item}`));
  return { started, work, end, fail };
}

const MANY = { items: 3, size: Number.POSITIVE_INFINITY };

describe('inOrder', () => {
  it('gives results in the order of the items, however they end', async () => {
    const { work, end } = controlled();
    const results = inOrder([1, 2, 3], MANY, () => 1, work);
    const first = results.next();
    for (const item of [3, 2, 1]) end(item);
    expect((await first).value).toBe('done 1');
    expect((await results.next()).value).toBe('done 2');
    expect((await results.next()).value).toBe('done 3');
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('has no more under way than it may, those that wait to be fetched included', async () => {
    const { started, work, end } = controlled();
    const results = inOrder([1, 2, 3, 4, 5], MANY, () => 1, work);
    const first = results.next();
    expect(started).toEqual([1, 2, 3]);
    for (const item of [2, 3]) end(item);
    await Promise.resolve();
    expect(started).toEqual([1, 2, 3]);
    end(1);
    await first;
    expect(started).toEqual([1, 2, 3]);
    await results.next();
    expect(started).toEqual([1, 2, 3, 4]);
  });

  it('keeps to the size, and lets what is larger go alone', async () => {
    const { started, work, end } = controlled();
    const results = inOrder([4, 5, 20, 1], { items: 9, size: 10 }, (size) => size, work);
    const first = results.next();
    expect(started).toEqual([4, 5]);
    for (const item of [4, 5]) end(item);
    await first;
    await results.next();
    const third = results.next();
    expect(started).toEqual([4, 5, 20]);
    end(20);
    await third;
    const fourth = results.next();
    expect(started).toEqual([4, 5, 20, 1]);
    end(1);
    expect((await fourth).value).toBe('done 1');
  });

  it('fails when the turn of what has failed comes', async () => {
    const { work, end, fail } = controlled();
    const results = inOrder([1, 2, 3], MANY, () => 1, work);
    const first = results.next();
    fail(2);
    fail(3);
    end(1);
    expect((await first).value).toBe('done 1');
    await expect(results.next()).rejects.toThrow('failed 2');
    expect((await results.next()).done).toBe(true);
  });
});
