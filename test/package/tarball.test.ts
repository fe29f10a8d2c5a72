import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode, modelOf } from '../support/container.js';
import { Random } from '../support/random.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An empty folder in which the packed package is installed, beside what it depends on, and nothing else. */
const folder = mkdtempSync(join(tmpdir(), 'packed-'));
const installed = join(folder, 'node_modules/fxq-compress');
const model = modelOf(new Random(5).clustered(3000, 20));
let packed: string[];

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
}
const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function run(file: string, ...args: string[]): string {
  return execFileSync(file, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const node = (...args: string[]) => run(process.execPath, ...args);

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

beforeAll(async () => {
  const options = { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  const printed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], options);
  const [{ filename }] = JSON.parse(printed.slice(printed.indexOf('['))) as [{ filename: string }];
  mkdirSync(installed, { recursive: true });
  run('tar', '-xzf', filename, '-C', installed, '--strip-components=1');
  for (const name of [...Object.keys(manifest.dependencies), '@types/node'])
    link(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  packed = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(installed.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
  write('package.json', '{ "type": "module", "private": true }');
  writeFileSync(join(folder, 'model.onnx'), model);
  writeFileSync(join(folder, 'model.fxq'), await encode(model));
});

afterAll(() => rmSync(folder, { recursive: true }));

function link(from: string, to: string): void {
  if (!existsSync(from)) throw new Error(`${from} is missing: run \`npm install\``);
  mkdirSync(join(to, '..'), { recursive: true });
  symlinkSync(from, to, 'junction');
}

describe('the packed package', () => {
  it('has what should ship and nothing else', () => {
    const scripts = packed.filter((path) => path.endsWith('.js'));
    const shared = scripts.filter((path) => /^dist\/decode\/chunk-[A-Z0-9]+\.js$/.test(path));
    expect(shared.length).toBeGreaterThan(0);
    const cli = scripts.filter((path) => /^dist\/cli\/[a-z]+-[A-Z0-9]+\.js$/.test(path));
    expect(cli.length).toBeGreaterThan(0);
    const workers = scripts.filter((path) => /^dist\/decode\/[a-z-]*worker\.js$/.test(path));
    const packages = ['cbor-x', 'fflate', 'linkedom', 'onnx-proto', 'plot'].map((name) => `dist/packed/${name}.js`);
    expect(scripts).toEqual(
      [
        'bin/fxq-compress.js',
        'dist/cli/worker.js',
        'dist/cli/program.js',
        'dist/decode/index.js',
        'dist/session/index.js',
        'dist/transformers/index.js',
        'dist/index.js',
        'dist/compress-worker.js',
        ...shared,
        ...cli,
        ...workers,
        ...packages,
      ].sort(),
    );
    const others = packed.filter((path) => !path.endsWith('.js') && !/^dist\/[\w/-]+\.d\.ts$/.test(path));
    expect(others).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/config.schema.json',
      'dist/packed/LICENCES.txt',
      'package.json',
      'src/container/README.md',
    ]);
    expect(packed).toEqual(expect.arrayContaining(['dist/index.d.ts', 'dist/decode/index.d.ts']));
    // Types of the command line and of tests are nobody's.
    expect(packed.filter((path) => /\.d\.ts$/.test(path) && /cli|gradient|test|assembly/.test(path))).toEqual([]);
  });

  it('names no file that is not there', () => {
    for (const path of packed.filter((name) => name.endsWith('.js'))) {
      const text = readFileSync(join(installed, path), 'utf8');
      const relative = text.matchAll(/(?:from|import|new URL\()\s*\(?["'](\.{1,2}\/[^"']+)["']/g);
      for (const [, to] of relative) {
        // The program works in threads of its own, and never asks for these.
        if (path.startsWith('dist/cli/') && /^\.\/(decode|compress)-worker\.js$/.test(to)) continue;
        expect(existsSync(join(installed, path, '..', to)), `${path}: ${to}`).toBe(true);
      }
    }
  });

  it('has nothing behind fxq-compress/decode but the decoder', () => {
    const files = new Set<string>();
    const visit = (path: string): void => {
      if (files.has(path)) return;
      files.add(path);
      const imports = readFileSync(path, 'utf8').matchAll(/^(?:import|export|\}).*?\bfrom "([^"]+)";$/gm);
      for (const [, to] of imports) {
        expect(to, path).toMatch(/^\./);
        visit(join(path, '..', to));
      }
    };
    visit(join(installed, 'dist/decode/index.js'));
    const text = [...files].map((path) => readFileSync(path, 'utf8')).join('\n');
    const modules = [...text.matchAll(/^\/\/ build\/(\S+)\.js$/gm)].map(([, path]) => path);
    expect(modules).toEqual(
      expect.arrayContaining(['errors', 'decode/decode', 'container/read/head', 'kernels/loader']),
    );
    expect(
      modules.filter((path) => /onnx|write|stages|gradient|evaluate|report|layers|pipeline|cli/.test(path)),
    ).toEqual([]);
    expect(text).not.toMatch(/["']node:|sourceMappingURL|\beval\s*\(|\bFunction\s*\(/);
  });

  it('is imported by Node, decodes, and has one FxqError', () => {
    const script = write(
      'use.mjs',
      `import { readFileSync } from 'node:fs';
      import * as whole from 'fxq-compress';
      import * as decoder from 'fxq-compress/decode';
      const container = readFileSync('model.fxq');
      const same = [whole, decoder].map(({ decode }) => decode(container).then((onnx) => onnx.length));
      const errors = [whole, decoder].map(({ decode }) => decode(container.subarray(0, 50)).catch((error) => error));
      const [one, other] = await Promise.all(errors);
      console.log(JSON.stringify({
        lengths: await Promise.all(same),
        instances: [one instanceof decoder.FxqError, other instanceof whole.FxqError, whole.FxqError === decoder.FxqError],
        same: Buffer.compare(await decoder.decode(container), readFileSync('model.onnx')),
        encoded: Buffer.compare(await whole.encode(readFileSync('model.onnx')), container),
        names: [Object.keys(whole).length > 15, Object.keys(decoder).sort()],
      }));`,
    );
    const said = JSON.parse(node(script));
    expect(said.names[1]).toEqual(
      expect.arrayContaining(['FxqError', 'decode', 'decodeFiles', 'decodeTensors', 'inspect']),
    );
    expect(said).toMatchObject({
      lengths: [model.length, model.length],
      instances: [true, true, true],
      same: 0,
      encoded: 0,
    });
  });

  it('leaves only the package’s entries to be imported', () => {
    const script = write(
      'inside.mjs',
      "await import('fxq-compress/dist/cli/program.js').catch((e) => console.log(e.code));",
    );
    expect(node(script)).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('has the schema of config files', () => {
    const script = write(
      'schema.mjs',
      "import { readFileSync } from 'node:fs';\nconst at = new URL(import.meta.resolve('fxq-compress/config.schema.json'));\nconsole.log(Object.keys(JSON.parse(readFileSync(at, 'utf8')).properties).join());",
    );
    expect(node(script).trim()).toBe('include,exclude,prune,cluster,quantize,values,layers');
  });

  it('has a program that runs', () => {
    const program = join(installed, 'bin/fxq-compress.js');
    expect(node(program, '--version').trim()).toBe(manifest.version);
    node(program, 'encode', 'model.onnx', '-o', 'again.fxq', '--quiet');
    node(program, 'decode', 'again.fxq', '-o', 'again.onnx', '--quiet');
    expect(Buffer.compare(readFileSync(join(folder, 'again.onnx')), model)).toBe(0);
  });

  // Those that older releases resolve differently; a run of one of these takes three seconds.
  it.each([
    ['7', 'bundler', '@typescript/native'],
    ['7', 'node16', '@typescript/native'],
    ['7', 'nodenext', '@typescript/native'],
    ['6', 'nodenext', '@typescript/old'],
    ['5.9', 'bundler', 'typescript59'],
    ['5.9', 'node16', 'typescript59'],
  ])('has types for TypeScript %s with moduleResolution %s', (release, moduleResolution, compiler) => {
    write(
      'types.ts',
      `import { compress, type CompressOptions, FxqError } from 'fxq-compress';
      import { decode, decodeForOrt, FxqError as Same, inspect, type DecodedTensor } from 'fxq-compress/decode';
      const options: CompressOptions = { cluster: { bits: 5 } };
      export const container: Uint8Array<ArrayBuffer> = (await compress(new Uint8Array(), options)).container;
      export const model: Uint8Array<ArrayBuffer> = await decode(container, { verify: 'all' });
      export const names: string[] = (await inspect(container)).tensors.map(({ name }) => name);
      export const sent = [new Response(model), new Blob([container, model]), await crypto.subtle.digest('SHA-256', model)];
      const { externalData, model: graph } = await decodeForOrt(new Response(container));
      export const blob = new Blob([graph, ...externalData.map(({ data }) => data)]);
      export const uploaded = (tensor: DecodedTensor): Blob => new Blob([tensor.data]);
      export const dims = (tensor: DecodedTensor): readonly number[] => tensor.dims;
      const error: FxqError = new Same('IO', 'one class');
      // @ts-expect-error no such option
      await decode(container, { verify: 'some' });
      console.log(error.code);`,
    );
    const compilerOptions = {
      module: moduleResolution === 'bundler' ? 'esnext' : moduleResolution,
      moduleResolution,
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
    };
    const rest = { strict: true, noEmit: true, skipDefaultLibCheck: true, types: [], exactOptionalPropertyTypes: true };
    write('tsconfig.json', JSON.stringify({ compilerOptions: { ...compilerOptions, ...rest }, files: ['types.ts'] }));
    const tsc = join(root, 'node_modules', compiler, 'bin/tsc');
    expect(node(tsc, '-v')).toContain(`Version ${release}`);
    node(tsc, '-p', 'tsconfig.json');
  });
});

describe('an app that decodes, bundled for browsers', () => {
  const app = () =>
    write(
      'app.js',
      "import { decode } from 'fxq-compress/decode';\nexport const load = async (url) => decode(await fetch(url));",
    );

  /** What no page should be asked to load, or to allow. */
  function expectPlain(code: string): void {
    expect(code).not.toMatch(/["']node:|\brequire\s*\(|\bBuffer\.from\b|__vite-browser-external/);
    expect(code).not.toMatch(/\beval\s*\(|\bnew Function\b|\bFunction\s*\(/);
    expect(code).not.toMatch(/protobuf|onnx-proto|commander|kmeans/i);
    expect(code).toContain('FXQ');
  }

  it('by esbuild', async () => {
    const { metafile, outputFiles } = await esbuild({
      entryPoints: [app()],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      metafile: true,
      write: false,
      absWorkingDir: folder,
    });
    const inputs = Object.keys(metafile.inputs).filter(
      (path) => !/^(app\.js|node_modules\/fxq-compress\/dist\/decode\/)/.test(path),
    );
    expect(inputs).toEqual([]);
    expect(
      Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external)),
    ).toEqual([]);
    expectPlain(outputFiles[0].text);
  });

  it('by Vite', async () => {
    const result = await vite({
      root: folder,
      logLevel: 'error',
      build: { write: false, minify: false, lib: { entry: app(), formats: ['es'] } },
    });
    const outputs = [result].flat().flatMap((each) => ('output' in each ? each.output : []));
    const chunks = outputs.filter((output) => output.type === 'chunk');
    const foreign = chunks
      .flatMap(({ moduleIds }) => moduleIds)
      .filter((id) => !/app\.js$|fxq-compress\/dist\/decode\/|^\0/.test(id));
    expect(foreign).toEqual([]);
    expect(
      chunks.flatMap(({ imports }) => imports).filter((name) => !chunks.some(({ fileName }) => fileName === name)),
    ).toEqual([]);
    expectPlain(chunks.map(({ code }) => code).join('\n'));
  });
});

describe('an app that compresses and compares, bundled for browsers', () => {
  it('does without what only Node has, also where that is installed', async () => {
    const names = 'compress, compareModels, renderHtml, searchBudget, sensitivity, evaluate, openDataset';
    const { metafile } = await esbuild({
      entryPoints: [write('compressing.js', `export { ${names} } from 'fxq-compress';`)],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      metafile: true,
      write: false,
      absWorkingDir: folder,
      nodePaths: [join(root, 'node_modules')],
    });
    const loaded = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(loaded.filter((path) => path.startsWith('node:'))).toEqual([]);
    expect(Object.keys(metafile.inputs).join()).not.toMatch(/onnxruntime|sharp|piscina|commander/);
  });
});
