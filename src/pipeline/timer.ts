/** Measures nested work: each entry gets its own time, without what was measured inside of it. */
export interface SelfTimer {
  /** A new entry; the number is what the measuring calls take. */
  add(name: string): number;
  /** Does the work and adds its time to an entry. */
  measure<T>(entry: number, work: () => T): T;
  /** The same for work that waits. Only one such work may go on at a time. */
  measureAsync<T>(entry: number, work: () => Promise<T>): Promise<T>;
  /** Adds time that was measured elsewhere. */
  spend(entry: number, ms: number): void;
  /** The time of each entry so far, in the order they were added. */
  times(): { name: string; ms: number }[];
}

/**
 * @param now - milliseconds of a clock that does not go back
 *
 * @example
 * const timer = selfTimer(() => performance.now());
 * const [outer, inner] = [timer.add('outer'), timer.add('inner')];
 * timer.measure(outer, () => timer.measure(inner, work)); // all of it is inner's
 */
export function selfTimer(now: () => number): SelfTimer {
  const entries: { name: string; ms: number }[] = [];
  /** Time measured inside of what is being measured now. */
  let inside = 0;
  const begin = (entry: number) => {
    const outside = inside;
    inside = 0;
    const start = now();
    return () => {
      const spent = now() - start;
      entries[entry].ms += spent - inside;
      inside = outside + spent;
    };
  };
  return {
    add: (name) => entries.push({ name, ms: 0 }) - 1,
    measure(entry, work) {
      const end = begin(entry);
      try {
        return work();
      } finally {
        end();
      }
    },
    async measureAsync(entry, work) {
      const end = begin(entry);
      try {
        return await work();
      } finally {
        end();
      }
    },
    spend(entry, ms) {
      entries[entry].ms += ms;
    },
    times: () => entries.map((entry) => ({ ...entry })),
  };
}
