import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CODEBOOKS, LAYOUTS, type Layout, MAX_GAP_BITS, MIN_GAP_BITS, VERSION } from '../src/container/constants.js';
import { decodeFiles, inspect } from '../src/decode/index.js';
import { encode, readBytes } from './support/container.js';
import { gridFlags } from './support/grid.js';
import { decodeBySpecification } from './support/specification/container.js';

const root = fileURLToPath(new URL('golden', import.meta.url));

interface Golden {
  readonly version: number;
  /** Whether today's encoder writes it, or it was made to have a layout that the encoder would not choose. */
  readonly isEncoded: boolean;
  readonly name: string;
  readonly container: Uint8Array;
  /** The files that it decodes to, by name: the model's is empty. */
  readonly files: Record<string, Uint8Array>;
}

/** `golden/v1/encoded/NAME.fxq`, with its files beside it: `NAME.onnx`, and `NAME.` before the names of external data. */
const goldens: Golden[] = readdirSync(root)
  .filter((folder) => /^v\d+$/.test(folder))
  .flatMap((folder) =>
    ['encoded', 'forged'].flatMap((kind) => {
      const place = join(root, folder, kind);
      const paths = existsSync(place) ? readdirSync(place) : [];
      return paths
        .filter((path) => path.endsWith('.fxq'))
        .map((path): Golden => {
          const name = path.slice(0, -4);
          const files = paths
            .filter((of) => of.startsWith(`${name}.`) && of !== path)
            .map((of) => [of === `${name}.onnx` ? '' : of.slice(name.length + 1), readBytes(join(place, of))]);
          const container = readBytes(join(place, path));
          const isEncoded = kind === 'encoded';
          return { version: Number(folder.slice(1)), isEncoded, name, container, files: Object.fromEntries(files) };
        });
    }),
  );

const current = goldens.filter(({ version }) => version === VERSION);

const byName = (files: readonly { readonly name: string; readonly bytes: Uint8Array }[]) =>
  Object.fromEntries(files.map(({ name, bytes }) => [name, bytes]));

function same(actual: Record<string, Uint8Array>, expected: Record<string, Uint8Array>): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, bytes] of Object.entries(expected)) expect(Buffer.compare(actual[name], bytes), name).toBe(0);
}

describe('goldens of this version', () => {
  it.each(current)('$name: decodes to its model', async ({ container, files }) => {
    same(byName(await decodeFiles(container, { verify: 'all' })), files);
  });

  it.each(current)('$name: decodes to its model by the specification alone', async ({ container, files }) => {
    const { files: declared } = await inspect(container);
    same(byName(decodeBySpecification(container).map((bytes, i) => ({ name: declared[i].name, bytes }))), files);
  });

  it.each(current)('$name: is what the encoder writes, unless marked', async ({ isEncoded, container, files }) => {
    const { '': model, ...external } = files;
    expect(Buffer.compare(await encode(model, external), container) === 0).toBe(isEncoded);
  });

  describe('without WebAssembly', () => {
    let decodeByReference: typeof decodeFiles;
    beforeAll(async () => {
      vi.stubGlobal('WebAssembly', undefined);
      vi.resetModules();
      ({ decodeFiles: decodeByReference } = await import('../src/decode/index.js'));
    });
    afterAll(() => {
      vi.unstubAllGlobals();
      vi.resetModules();
    });

    it.each(current)('$name: decodes to its model', async ({ container, files }) => {
      same(byName(await decodeByReference(container, { verify: 'all' })), files);
    });
  });
});

const WITH_CODEBOOK: readonly Layout[] = ['packed', 'dense', 'gap', 'mask'];
const WITH_LINES: readonly Layout[] = ['dense', 'gap', 'mask'];

/** What there is of each layout: the specification's section 4, as far as the lists of constants do not say it. */
function* combinations(): Generator<string> {
  for (const layout of LAYOUTS) {
    for (const width of layout === 'waves' ? [4] : [1, 2, 4, 8]) {
      if (!WITH_CODEBOOK.includes(layout)) {
        yield `${layout}, ${width}`;
        if (layout === 'inline' && width > 1) yield `${layout}, ${width}, planar`;
        continue;
      }
      if (width === 8) continue;
      for (const codebook of width === 4 ? CODEBOOKS : ['native']) {
        const isGrid = codebook.startsWith('grid');
        if (layout === 'dense' && codebook === 'grid') yield `${layout}, ${width}, ${codebook}, contexts, escapes`;
        if (layout === 'dense') yield `${layout}, ${width}, ${codebook}, contexts`;
        for (const escapes of isGrid ? ['', ', escapes'] : ['']) {
          yield `${layout}, ${width}, ${codebook}${escapes}`;
          if (WITH_LINES.includes(layout) && codebook !== 'grids')
            yield `${layout}, ${width}, ${codebook}, lines${escapes}`;
        }
      }
    }
  }
  for (let bits = MIN_GAP_BITS; bits <= MAX_GAP_BITS; bits++) yield `gaps of ${bits} bits`;
  yield 'an earlier section again';
  yield 'an earlier place in the skeleton again';
  for (const codebook of ['grid', 'grids']) yield `a zero with a sign, ${codebook}`;
  yield 'two files';
  yield 'a stretch that no tensor claims';
}

describe('goldens of this version, together', async () => {
  const covered = new Set<string>();
  for (const { container } of current) {
    const { files, tensors } = await inspect(container);
    if (files.length > 1) covered.add('two files');
    if (tensors.some(({ name }) => name === '')) covered.add('a stretch that no tensor claims');
    for (const [index, tensor] of tensors.entries()) {
      const { layout, width, codebookKind, lines, contexts, isPlanar, gapBits, owner } = tensor;
      const { hasEscapes, hasMinusZero } = gridFlags(tensor, container);
      const codebook = WITH_CODEBOOK.includes(layout) ? codebookKind : false;
      const coding = [lines.classes > 1 && 'lines', contexts.distance > 0 && 'contexts'];
      const of = [...coding, hasEscapes && 'escapes', isPlanar && 'planar'];
      covered.add([layout, width, codebook, ...of].filter(Boolean).join(', '));
      if (hasMinusZero) covered.add(`a zero with a sign, ${codebook}`);
      if (layout === 'gap') covered.add(`gaps of ${gapBits} bits`);
      if (owner !== index) covered.add(`an earlier ${layout === 'inline' ? 'place in the skeleton' : 'section'} again`);
    }
  }

  it('hold every layout, kind of codebook, width, and lines or none', () => {
    expect([...combinations()].filter((combination) => !covered.has(combination))).toEqual([]);
    // And nothing that this list does not know of.
    expect([...covered].sort()).toEqual([...combinations()].sort());
  });

  it('are small', () => {
    const sizes = current.map(({ container, files }) =>
      Object.values(files).reduce((sum, { length }) => sum + length, container.length),
    );
    expect(Math.max(...sizes)).toBeLessThan(20_000);
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(270_000);
  });
});

describe('goldens of other versions', () => {
  it('are kept in folders of their own, and say which they are', () => {
    expect(current.length).toBeGreaterThan(0);
    for (const { version, container } of goldens) expect(container[3]).toBe(version);
  });

  const others = goldens.filter(({ version }) => version !== VERSION);
  for (const { version, name, container } of others) {
    it(`v${version}, ${name}: is refused by name`, async () => {
      const details = { code: 'CONTAINER_VERSION', expected: VERSION, actual: version };
      await expect(decodeFiles(container)).rejects.toMatchObject(details);
    });
  }
});
