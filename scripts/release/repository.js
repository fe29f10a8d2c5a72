import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files that spell the address out, because they are read where no package.json of ours is. */
export const SPELLED = [
  'package.json',
  'packages/fxq-decode/package.json',
  'README.md',
  'packages/fxq-decode/README.md',
  'playground/index.html',
];

/** Where the repository is, as `repository` of a package.json says it, without `git+` and `.git`. */
export function repositoryOf(root, manifest = 'package.json') {
  return addressOf(JSON.parse(readFileSync(join(root, manifest), 'utf8')).repository.url);
}

/** The address of a web page for what git is told: `git@github.com:who/what.git` is the same place. */
export function addressOf(url) {
  return url
    .trim()
    .replace(/^git\+|\.git$/g, '')
    .replace(/^(?:ssh:\/\/)?git@([^:/]+)[:/]/, 'https://$1/');
}

/** Has all files say what `repository.url` of package.json says: that is the one place in which it is changed. */
export function spreadRepository(root) {
  const [before, after] = [repositoryOf(root, 'packages/fxq-decode/package.json'), repositoryOf(root)];
  for (const path of SPELLED) {
    const text = readFileSync(join(root, path), 'utf8');
    if (text.includes(before)) writeFileSync(join(root, path), text.replaceAll(before, after));
  }
}
