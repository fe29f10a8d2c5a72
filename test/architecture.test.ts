import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { parseSync } from 'vite';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The rooms of src/ from the bottom up, one a level: a file imports from its own room and those before it. */
const ROOMS = [
  'guards.ts',
  'printable.ts',
  'errors.ts',
  'random.ts',
  'breather.ts',
  'binary',
  'entropy',
  'kernels',
  'options',
  'model',
  'onnx',
  'container',
  'decode',
  'offload.ts',
  'session',
  'transformers',
  'quantize',
  'graph',
  'data',
  'inspect',
  'runtime',
  'evaluate',
  'gradient',
  'stages',
  'calibrate',
  'pipeline',
  'footprint',
  'sensitivity',
  'tune',
  'search',
  'report',
  'compress-worker.ts',
  'cli',
  'index.ts',
];

/** What the decoder is made of, beside its own folder. */
const DECODER = [
  'printable.ts',
  'errors.ts',
  'breather.ts',
  'binary/',
  'kernels/loader.ts',
  'kernels/decode/',
  'entropy/canonical.ts',
  'entropy/expand.ts',
  'entropy/golomb.ts',
  'entropy/lzma-model.ts',
  'entropy/table.ts',
  'container/constants.ts',
  'container/header.ts',
  'container/limits.ts',
  'container/read/',
];

/** Which folders use which packages. */
const PACKAGES: Record<string, string[]> = {
  '@bomb.sh/tab': ['cli/commands/complete.ts'],
  '@bomb.sh/tab/commander': ['cli/commands/complete.ts'],
  '@observablehq/plot': ['report/html/'],
  'cbor-x': ['container/write/'],
  piscina: ['cli/'],
  commander: ['cli/'],
  fflate: ['data/', 'report/html/'],
  linkedom: ['report/html/'],
  'onnx-proto': ['model/structure.ts', 'onnx/', 'graph/', 'gradient/', 'calibrate/', 'tune/', 'sensitivity/'],
  'onnxruntime-node': ['runtime/runtime.ts'],
  'onnxruntime-web': ['runtime/runtime.ts'],
  sharp: ['data/images/decode.ts'],
  yaml: ['cli/'],
};

/** The ceiling of the minified, gzipped decoder in bytes; raise it in the commit that needs it. */
const DECODER_GZIP = 22_550;

/** The ceiling of `as` in src/, where the compiler takes somebody's word for a type: guards and generics come first. */
const CASTS = 60;

interface Import {
  from: string;
  /** A file below src/, or a package. */
  to: string;
  isFile: boolean;
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll(sep, '/'))
  // AssemblyScript is no module of this package.
  .filter((path) => !path.includes('/assembly/'));

const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, 'src', from), 'utf8').replace(/^\s*(\*|\/\/).*$/gm, '');
  // Types count: what the compiler erases, a reader still has to follow.
  const statics = text.matchAll(/^(?:import|export)\s+[^;]*?\sfrom\s+'([^']+)'/gm);
  const bare = [...text.matchAll(/^import\s+'([^']+)'/gm), ...text.matchAll(/import(?:Optional)?\('([^']+)'\)/g)];
  return [...statics, ...bare].map(([, to]) => {
    const isFile = to.startsWith('.');
    const path = normalize(join(dirname(from), to))
      .replaceAll(sep, '/')
      .replace(/\.js$/, '.ts');
    return { from, to: isFile ? path : to, isFile };
  });
});

function levelOf(path: string): number {
  const level = ROOMS.indexOf(path.split('/')[0]);
  if (level < 0) throw new Error(`src/${path} belongs to no room: add its folder to ROOMS`);
  return level;
}

const show = ({ from, to }: Import) => `${from} → ${to}`;
const isAmong = (path: string, places: readonly string[]) =>
  places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));

describe('imports', () => {
  it('are found', () => {
    expect(files.length).toBeGreaterThan(80);
    expect(imports.length).toBeGreaterThan(2 * files.length);
    for (const { to, isFile } of imports) if (isFile) expect(files).toContain(to);
  });

  it('of scripts are found, those of what the build makes included', () => {
    const scripts = readdirSync(join(root, 'scripts'), { recursive: true, encoding: 'utf8' });
    const wanted = scripts
      .filter((path) => path.endsWith('.js'))
      .flatMap((path) => {
        const from = join(root, 'scripts', path);
        const named = readFileSync(from, 'utf8').matchAll(/(?:from |import\()'(\.{1,2}\/[^']+\.js)'/g);
        return Array.from(named, ([, to]) => ({ from: path, to: join(from, '..', to) }));
      });
    expect(wanted.length).toBeGreaterThan(30);
    expect(wanted.filter(({ to }) => !existsSync(to))).toEqual([]);
  });

  it('point down', () => {
    const upward = imports.filter(({ from, to, isFile }) => isFile && levelOf(from) < levelOf(to));
    expect(upward.map(show)).toEqual([]);
  });

  it('form no circle, types included', () => {
    const targets = new Map(files.map((file) => [file, [] as string[]]));
    for (const { from, to, isFile } of imports) if (isFile) targets.get(from)?.push(to);
    const done = new Set<string>();
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) throw new Error(`circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
      if (done.has(file)) return;
      for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it('of the decoder stay inside of it, types included', () => {
    const parts = ['decode/', ...DECODER];
    const leaving = imports.filter(
      ({ from, to, isFile }) => isAmong(from, ['decode/']) && isFile && !isAmong(to, parts),
    );
    expect(leaving.map(show)).toEqual([]);
  });

  it('of node are those of the command line and of files on disk', () => {
    const node = imports.filter(({ to, isFile }) => !isFile && to.startsWith('node:'));
    expect(node.filter(({ from }) => !isAmong(from, ['cli/', 'onnx/files.ts'])).map(show)).toEqual([]);
  });

  it('of files on disk are those of the command line', () => {
    const users = imports.filter(({ from, to }) => to === 'onnx/files.ts' && !from.startsWith('cli/'));
    expect(users.map(show)).toEqual([]);
  });

  it('of packages stand where the package is meant to be used', () => {
    const packages = imports.filter(({ to, isFile }) => !isFile && !to.startsWith('node:'));
    expect(packages.filter(({ from, to }) => !isAmong(from, PACKAGES[to] ?? [])).map(show)).toEqual([]);
  });
});

/** Expressions of the form `value as Type`, other than `as const`. */
function castsIn(node: unknown): number {
  if (Array.isArray(node)) return node.reduce((sum, each) => sum + castsIn(each), 0);
  if (typeof node !== 'object' || node === null) return 0;
  const { type, typeAnnotation } = node as { type?: string; typeAnnotation?: { typeName?: { name?: string } } };
  const isCast = type === 'TSAsExpression' || type === 'TSTypeAssertion';
  const own = isCast && typeAnnotation?.typeName?.name !== 'const' ? 1 : 0;
  return own + castsIn(Object.values(node));
}

describe('types', () => {
  it('are counted on by hand in few places', () => {
    const example = parseSync(
      'a.ts',
      'const a = [1] as const; import { b as c } from "d"; f(<e>g, h as unknown as i);',
    );
    expect(castsIn(example.program)).toBe(3);
    const counts = files.map((file) => castsIn(parseSync(file, readFileSync(join(root, 'src', file), 'utf8')).program));
    const total = counts.reduce((a, b) => a + b, 0);
    expect(total).toBeLessThan(CASTS);
    expect(total, 'far below: lower the ceiling').toBeGreaterThan(CASTS / 2);
  });
});

describe('the bundle of ./decode', async () => {
  const result = await build({
    entryPoints: [join(root, 'src/decode/index.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    write: false,
    absWorkingDir: root,
    logLevel: 'silent',
  });
  const [output] = result.outputFiles;
  const { imports: external, inputs } = Object.values(result.metafile.outputs)[0];

  it('holds the decoder and nothing else', () => {
    const parts = ['src/decode/', ...DECODER.map((part) => `src/${part}`), 'node_modules/cbor-x/dist/decode-no-eval'];
    expect(Object.keys(inputs).filter((path) => !parts.some((part) => path.startsWith(part)))).toEqual([]);
    expect(Object.keys(inputs).join()).not.toMatch(/onnx|write|stages|fflate|commander|yaml/);
    expect(external).toEqual([]);
  });

  it('runs under a strict Content-Security-Policy and without Node', () => {
    expect(output.text).not.toMatch(/\beval\s*\(|\bnew Function\b|\bFunction\s*\(/);
    expect(output.text).not.toMatch(/["']node:|\brequire\s*\(|\bBuffer\.from\b/);
  });

  it('is small', () => {
    const size = gzipSync(output.contents, { level: 9 }).length;
    process.stdout.write(`decoder: ${output.contents.length} bytes minified, ${size} gzipped\n`);
    expect(size).toBeLessThanOrEqual(DECODER_GZIP);
    expect(size, 'far below: lower the ceiling').toBeGreaterThan(0.8 * DECODER_GZIP);
  });
});

describe('the start of the program', async () => {
  const result = await build({
    entryPoints: [join(root, 'src/cli/program.ts')],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir: 'dist',
    metafile: true,
    write: false,
    absWorkingDir: root,
    logLevel: 'silent',
  });
  const { outputs } = result.metafile;

  it('loads no command, and none of what a command works with', () => {
    const loaded = new Set<string>();
    const visit = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      for (const { path: to, kind } of outputs[path]?.imports ?? []) if (kind === 'import-statement') visit(to);
    };
    visit('dist/program.js');
    const packages = [...loaded].filter((path) => !path.startsWith('dist/') && !path.startsWith('node:'));
    expect(packages.filter((name) => !builtinModules.includes(name))).toEqual(['commander']);
    const sources = [...loaded].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
    expect(sources).toContain('src/cli/program.ts');
    expect(sources.filter((path) => path.includes('/commands/'))).toEqual([]);
    expect(sources.length).toBeLessThan(20);
  });
});
