import { realpathSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

/** Where a path really leads; as far as there is anything. */
export function realOf(path: string): string {
  const missing: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      return join(realpathSync(at), ...missing);
    } catch {
      if (at === dirname(at)) return resolve(path);
      missing.unshift(at.slice(dirname(at).length).replace(/^[/\\]/, ''));
    }
  }
}

/** Whether a path lies in a folder; both really there, links followed. */
export function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
