import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder, and those around it that are missing.
 *
 * @param path - absolute
 * @returns what removes those again that nothing has been put into
 */
export function makeFolder(path: string): () => void {
  const outermost = mkdirSync(path, { recursive: true });
  return () => {
    if (outermost === undefined) return;
    try {
      for (let at = path; at.length >= outermost.length; at = dirname(at)) rmdirSync(at);
    } catch {
      // There is something in it: it stays, and so do those around it.
    }
  };
}
