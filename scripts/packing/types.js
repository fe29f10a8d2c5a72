import { cpSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../../build', import.meta.url));

/** Copies declarations out of build/, with all that they refer to and nothing else. */
export function copyTypes(entries, to) {
  const found = new Set();
  for (const entry of entries) add(join(build, entry), found);
  for (const path of found) cpSync(path, join(to, relative(build, path)));
}

function add(path, found) {
  if (found.has(path)) return;
  if (!existsSync(path)) throw new Error(`${path} is referred to, but there is no such file`);
  found.add(path);
  const text = readFileSync(path, 'utf8');
  for (const [, to] of text.matchAll(/(?:\bfrom |\bimport\(|^import )['"](\.[^'"]+)\.js['"]/gm)) {
    add(join(dirname(path), `${to}.d.ts`), found);
  }
}
