// `npm run site`: the guides, the reference of the programming interface and the playground as static files, in out/site. Fails where a link
// leads nowhere, inside of the site; `node scripts/site.js --pages` leaves the playground out.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryOf } from './release/repository.js';
import { copyPages } from './site/pages.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const site = join(root, 'out/site');
const PLAYGROUND = 'playground/index.html';
const run = (...words) => execFileSync(process.execPath, words, { cwd: root, stdio: 'inherit' });

const [readme, ...documents] = copyPages(root, join(root, 'out/pages'));
const isWhole = !process.argv.includes('--pages');
const options = {
  ...JSON.parse(readFileSync(join(root, 'typedoc.json'), 'utf8')),
  out: site,
  readme,
  projectDocuments: documents,
  customCss: join(root, 'scripts/site/site.css'),
  sortEntryPoints: false,
  navigation: { includeFolders: false },
  navigationLinks: { Playground: PLAYGROUND, GitHub: repositoryOf(root) },
  // Links to headings are looked at below, in what was made.
  validation: { invalidLink: true, invalidPath: true, notExported: false, notDocumented: false },
};
const config = join(root, 'out/typedoc-site.json');
const absolute = (path) => join(root, path);
writeFileSync(
  config,
  JSON.stringify({ ...options, entryPoints: options.entryPoints.map(absolute), tsconfig: absolute(options.tsconfig) }),
);
run('node_modules/typedoc/bin/typedoc', '--options', config);
if (isWhole)
  run(
    'node_modules/vite/bin/vite.js',
    'build',
    'playground',
    '--outDir',
    join(site, 'playground'),
    '--logLevel',
    'warn',
  );

const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.html') && !name.startsWith('playground'),
);
// TypeDoc writes links of its bar as they are given, on pages of every folder.
for (const name of pages) {
  const text = readFileSync(join(site, name), 'utf8');
  const up = '../'.repeat(name.split(sep).length - 1);
  writeFileSync(join(site, name), text.replaceAll(`"${PLAYGROUND}"`, `"${up}${PLAYGROUND}"`));
}
const astray = pages.flatMap(linksAstray);
for (const link of astray) console.error(link);
if (astray.length > 0) process.exitCode = 1;
else console.log(`out/site: every link inside of it leads somewhere`);

/** The links of a page that lead to no file, or to no place in it. */
function linksAstray(name) {
  const page = join(site, name);
  const links = [...readFileSync(page, 'utf8').matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, to]) => to);
  return [...new Set(links)].flatMap((link) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path, place] = link.split('#');
    const file = path === '' ? page : join(dirname(page), decodeURIComponent(path));
    if (!isWhole && /playground/.test(path)) return [];
    const isThere = existsSync(file) && (!place || hasPlace(file, decodeURIComponent(place)));
    return isThere ? [] : [`${name}: ${link}`];
  });
}

function hasPlace(file, place) {
  return readFileSync(file, 'utf8').includes(`id="${place}"`);
}
