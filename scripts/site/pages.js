import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { repositoryOf } from '../release/repository.js';

/** The order of the pages in the site; others of docs/ come behind. */
const ORDER = [
  'shrink',
  'page',
  'playground',
  'data',
  'calibrate',
  'retrain',
  'formats',
  'inference',
  'big-models',
  'reports',
  'commands',
  'options',
  'format',
];

/**
 * Copies the pages of the repository for the site: their first heading becomes their title, links between them point to the copies,
 * and links to whatever else there is to the repository.
 *
 * @returns the copies: README.md first, then all others in order
 */
export function copyPages(root, to) {
  rmSync(to, { recursive: true, force: true });
  const place = (path) => (ORDER.indexOf(path.slice(5, -3)) + 99) % 99;
  const docs = readdirSync(join(root, 'docs'))
    .map((name) => `docs/${name}`)
    .sort((a, b) => place(a) - place(b));
  const pages = ['README.md', ...docs, 'src/container/README.md'];
  // Where links of README.md point to, which npm shows, too.
  const home = `${repositoryOf(root)}/blob/main/`;
  for (const page of pages) {
    const [, title, text] = /^# (.*)\n([\s\S]*)$/.exec(readFileSync(join(root, page), 'utf8')) ?? [];
    const linked = text.replace(
      /(\]\()([^)\s]+)(?=\))/g,
      (_, before, target) => before + linkFrom(home, page, target, pages),
    );
    // TypeDoc gives the first page the project's name for a title, and the others what stands in front of them.
    const front =
      page === 'README.md' ? '' : `---\ntitle: ${JSON.stringify(title.replaceAll('`', ''))}\n---\n# ${title}\n`;
    mkdirSync(dirname(join(to, page)), { recursive: true });
    writeFileSync(join(to, page), `${front}${linked}`);
  }
  return pages.map((page) => join(to, page));
}

function linkFrom(home, page, target, pages) {
  const isOurs = target.startsWith(home);
  if (target.startsWith('#') || (!isOurs && /^[a-z]+:/.test(target))) return target;
  const [path, heading] = (isOurs ? target.slice(home.length) : posix.join(posix.dirname(page), target)).split('#');
  const end = heading ? `#${heading}` : '';
  if (!pages.includes(path)) return `${home}${path}${end}`;
  const relative = posix.relative(posix.dirname(page), path);
  return (relative.startsWith('.') ? relative : `./${relative}`) + end;
}
