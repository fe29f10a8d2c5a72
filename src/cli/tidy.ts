import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Less than this is left to the engine. */
const LARGE_BYTES = 1 << 22;

let collect: (() => void) | undefined;

/**
 * Gives back the memory of arrays that nobody uses any more, before as much is needed again. The engine sees small objects
 * with large arrays behind them and does not hurry: without this, the peak is twice as high.
 *
 * @param bytes - about to be worked on
 */
export function tidy(bytes: number): void {
  if (bytes < LARGE_BYTES) return;
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
