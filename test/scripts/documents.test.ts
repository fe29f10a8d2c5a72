import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LAYOUTS, VERSION } from '../../src/container/constants.js';
import { ERROR_CODES } from '../../src/errors.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The pages of the repository, wherever they lie. */
const DOCUMENTS = [
  'README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  'packages/fxq-decode/README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'models/README.md',
  'examples/README.md',
  'src/container/README.md',
  'test/golden/README.md',
  ...readdirSync(join(root, 'bench/results')).map((name) => `bench/results/${name}`),
];

const { repositoryOf, SPELLED } = (await import(
  /* @vite-ignore */ new URL('../../scripts/release/repository.js', import.meta.url).href
)) as { repositoryOf: (root: string) => string; SPELLED: readonly string[] };

/** Where pages that npm shows, too, say that files are: with nothing beside them, links have to be whole. */
const HOME = `${repositoryOf(root)}/blob/main/`;

/** The links of a page to files of the repository: where from the root, and to which heading there. */
function linksOf(page: string): { path: string; heading: string | undefined }[] {
  return [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => (target.startsWith(HOME) ? `/${target.slice(HOME.length)}` : target))
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [to, heading] = target.split('#');
      return { path: to === '' ? page : to.startsWith('/') ? to.slice(1) : join(dirname(page), to), heading };
    });
}

/** What a heading is called in links, as GitHub has it. */
function slugsOf(page: string): string[] {
  const headings = read(page)
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return Array.from(headings, ([, text]) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

const MADE = ['node_modules', 'out', 'build', 'dist', 'coverage', '.git'];

/** The folders that a page's paths begin in: the root, its own, and for whoever works on the sources those. */
function basesOf(page: string): string[] {
  return ['', dirname(page), ...(page === 'CONTRIBUTING.md' ? ['src'] : [])].map((base) => join(root, base));
}

/** Paths that a page spells in backticks: what begins with a folder that is there, `*` and `{a,b}` for several. */
function spelled(text: string, bases: readonly string[]): string[] {
  const folders = bases.flatMap((base) => readdirSync(base)).filter((name) => !MADE.includes(name));
  return [...text.matchAll(/`([^`\n]+)`/g)]
    .flatMap(([, code]) => code.split(' '))
    .filter((word) => /^[\w.-]+\/[\w.{},*/-]*$/.test(word) && folders.includes(word.split('/')[0]))
    .flatMap(expanded);
}

function expanded(path: string): string[] {
  const list = /\{([^{}]*)\}/.exec(path);
  if (!list) return [path];
  return list[1].split(',').flatMap((each) => expanded(path.replace(list[0], each.trim())));
}

/** Whether a file or a folder of this path is below one of these; `*` stands for any name, `vN` for that of a version. */
function isBelow(bases: readonly string[], path: string): boolean {
  const walk = (folder: string, [part, ...rest]: readonly string[]): boolean => {
    if (part === undefined) return true;
    if (!/\*|^vN$/.test(part)) return existsSync(join(folder, part)) && walk(join(folder, part), rest);
    const pattern = new RegExp(`^${part.replaceAll('.', '\\.').replace('vN', 'v\\d+').replaceAll('*', '.*')}$`);
    return readdirSync(folder).some((name) => pattern.test(name) && walk(join(folder, name), rest));
  };
  return bases.some((base) => walk(base, path.split('/').filter(Boolean)));
}

describe('the pages of the repository', () => {
  it.each(DOCUMENTS)('name files that are there: %s', (page) => {
    const text = read(page);
    const bases = basesOf(page);
    const missing = spelled(text, bases).filter((path) => !isBelow(bases, path));
    const astray = linksOf(page)
      .filter(({ path, heading }) => !existsSync(join(root, path)) || (heading && !slugsOf(path).includes(heading)))
      .map(({ path, heading }) => `${path}#${heading}`);
    expect([...missing, ...astray]).toEqual([]);
  });

  it('are looked at for real', () => {
    const bases = basesOf('CONTRIBUTING.md');
    expect(spelled(read('CONTRIBUTING.md'), bases).length).toBeGreaterThan(80);
    const paths = spelled(
      '`model/none.ts`, `node src/{errors,no}.ts`, `zip.ts`, `test/golden/v*/none`, `image/png`',
      bases,
    );
    expect(paths).toEqual(['model/none.ts', 'src/errors.ts', 'src/no.ts', 'test/golden/v*/none']);
    expect(paths.filter((path) => isBelow(bases, path))).toEqual(['src/errors.ts']);
  });

  it('run scripts of Node that are there', () => {
    const scripts = DOCUMENTS.flatMap((page) =>
      [...read(page).matchAll(/\bnode (\S+\.js)\b/g)].map(([, path]) => path),
    );
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

it('README.md is short, and whole where nothing lies beside it', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(150);
  for (const page of ['README.md', 'packages/fxq-decode/README.md'])
    expect([...read(page).matchAll(/\]\((?!https:|#)([^)]+)\)/g)].map(([, to]) => to)).toEqual([]);
});

it('the repository is where package.json has it, whoever says so', () => {
  const said = SPELLED.map((path) => [...new Set(read(path).match(/https:\/\/github\.com\/[\w-]+\/[\w-]+/g))]);
  expect(said).toEqual(SPELLED.map(() => [repositoryOf(root)]));
  const others = DOCUMENTS.filter((path) => !SPELLED.includes(path) && read(path).includes(repositoryOf(root)));
  expect(others).toEqual([]);
});

it('every page of docs/ can be reached from README.md', () => {
  const named = linksOf('README.md').map(({ path }) => path);
  expect(readdirSync(join(root, 'docs')).filter((name) => !named.includes(`docs/${name}`))).toEqual([]);
});

describe('the guide to containers', () => {
  const guide = read('docs/page.md');

  it('says which version of the format this decoder reads', () => {
    expect(guide.match(/decoder reads version \d+/g)).toEqual([`decoder reads version ${VERSION}`]);
    expect(read('CHANGELOG.md')).toContain(`- Version ${VERSION}, as specified in`);
    expect(read('src/container/README.md')).toContain(`# The \`.fxq\` container, version ${VERSION}\n`);
  });

  it('names layouts and error codes that there are', () => {
    const constants = [...guide.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name]) => name);
    const codes = constants.filter((name) => !new RegExp(`\\b${name}\\b`).test(read('src/index.ts')));
    expect(codes).toContain('CONTAINER_VERSION');
    expect(codes.filter((code) => !(ERROR_CODES as readonly string[]).includes(code))).toEqual([]);
    const format = read('docs/format.md');
    for (const layout of LAYOUTS) if (layout !== 'inline') expect(format).toContain(`*${layout}*`);
  });
});

describe('CONTRIBUTING.md', () => {
  const text = read('CONTRIBUTING.md');
  const tree = /```\n(bin\/[\s\S]*?)```/.exec(text)?.[1] ?? '';

  it('shows the rooms of src/ in the order that imports keep to', () => {
    const order = /const ROOMS = \[([^\]]*)\]/.exec(read('test/architecture.test.ts'))?.[1] ?? '';
    const rooms = [...order.matchAll(/'([^']+)'/g)].map(([, room]) => room);
    const shown = [...tree.matchAll(/^ {2}([\w.-]+)/gm)].map(([, room]) => room);
    expect(shown).toEqual(rooms.reverse());
    expect(shown.toSorted()).toEqual(readdirSync(join(root, 'src')).toSorted());
  });

  it('shows folders that are there', () => {
    const folders = [...tree.matchAll(/^(\w\S*)/gm)].map(([, folder]) => folder);
    expect(folders).toContain('models/');
    expect(folders.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  });

  it('names what is in the files it names', () => {
    const paths = text.slice(text.indexOf('## Three data paths'), text.indexOf('## A stage'));
    const after = [...paths.matchAll(/`([\w/.-]+\.ts)`\s\(((?:`\w+`(?:, )?)+)\)/g)].map(([, file, names]) => [
      file,
      names,
    ]);
    const before = [...paths.matchAll(/(`\w+`)\sof\s`([\w/.-]+\.ts)`/g)].map(([, names, file]) => [file, names]);
    const wrong = [...after, ...before].flatMap(([file, names]) =>
      [...names.matchAll(/\w+/g)]
        .filter(
          ([name]) =>
            !new RegExp(`export (?:async )?(?:function\\*?|const|class) ${name}\\b`).test(read(`src/${file}`)),
        )
        .map(([name]) => `${file}: ${name}`),
    );
    expect(after.length + before.length).toBeGreaterThan(40);
    expect(wrong).toEqual([]);
  });
});
