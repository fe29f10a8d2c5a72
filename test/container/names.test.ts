import { describe, expect, it } from 'vitest';
import { decode, decodeTensors, inspect } from '../../src/decode/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { roundTrip } from '../support/container.js';
import { forge } from '../support/forge.js';
import {
  attrGraph,
  DATA_TYPE,
  externalData,
  graphProto,
  int32Data,
  modelProto,
  node,
  rawData,
  tensorProto,
} from '../support/onnx-builder.js';
import { bytesField, concat } from '../support/protobuf.js';
import { Random } from '../support/random.js';

const bytes = (seed: number, count = 8) => new Random(seed).bytes(count);

const tensorOf = (name: string, seed: number) =>
  tensorProto({ name, dataType: DATA_TYPE.uint8, dims: [8], content: rawData(bytes(seed)) });

const modelOf = (names: readonly string[]) => modelProto({ graph: { initializers: names.map(tensorOf) } });

/** The names that a container gives its tensors, which decodes to the model. */
async function namesOf(model: Uint8Array): Promise<string[]> {
  const { container, files } = await roundTrip(model);
  expect(Buffer.compare(files[''], model)).toBe(0);
  const names = (await inspect(container)).tensors.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const decoded: string[] = [];
  for await (const { name } of decodeTensors(container)) decoded.push(name);
  expect(decoded).toEqual(names);
  // What opening the model says, too: reports find tensors by it.
  expect(openOnnx(model).tensors.map(({ name }) => name)).toEqual(names);
  return names;
}

describe('names of tensors in a container', () => {
  it.each<[string, string[], string[]]>([
    ['that are different stay', ['a', 'b', 'b#2'], ['a', 'b', 'b#2']],
    ['that are the same are numbered', ['a', 'a', 'a'], ['a', 'a#2', 'a#3']],
    ['are not numbered as another is called', ['a', 'a', 'a#2'], ['a', 'a#3', 'a#2']],
    ['are not numbered as one before is called', ['a#2', 'a', 'a'], ['a#2', 'a', 'a#3']],
    ['that are all taken', ['a', 'a#2', 'a', 'a#2', 'a#2#2'], ['a', 'a#2', 'a#3', 'a#2#3', 'a#2#2']],
    ['with a byte order mark', ['\ufeffa', 'a'], ['\ufeffa', 'a']],
    ['that only Unicode tells apart', ['\u00e9', 'e\u0301'], ['\u00e9', 'e\u0301']],
    [
      'that are those of objects',
      ['__proto__', 'constructor', '__proto__'],
      ['__proto__', 'constructor', '__proto__#2'],
    ],
    ['with line breaks and slashes', ['a/b', 'a\nb', 'a/b'], ['a/b', 'a\nb', 'a/b#2']],
  ])('%s', async (_, given, expected) => {
    expect(await namesOf(modelOf(given))).toEqual(expected);
  });

  it('that are no UTF-8, and differ in that only', async () => {
    // Halves of surrogate pairs, and bytes that begin nothing.
    const wrong = [[0xed, 0xa0, 0x80], [0xed, 0xa0, 0x81], [0xff], [0xfe], [0xc3]];
    const initializers = wrong.map((name, i) =>
      concat(
        tensorProto({ dataType: DATA_TYPE.uint8, dims: [8], content: rawData(bytes(i)) }),
        bytesField(8, Uint8Array.from(name)),
      ),
    );
    expect(await namesOf(modelProto({ graph: { initializers } }))).toHaveLength(5);
  });

  it('that branches qualify as another is called', async () => {
    const branch = (seed: number) => graphProto({ initializers: [tensorOf('w', seed)] });
    const attributes = [attrGraph('then_branch', branch(1)), attrGraph('else_branch', branch(2))];
    const branches = node('If', ['c'], ['y'], attributes, { name: 'if' });
    const initializers = [tensorOf('if/then_branch/w', 3), tensorOf('w', 4), tensorOf('if/else_branch/w#2', 5)];
    const names = await namesOf(modelProto({ graph: { nodes: [branches], initializers } }));
    expect(names).toHaveLength(5);
    expect(names).toContain('w');
  });

  it('by the thousand, all the same or all as others are numbered: in no time', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => (i % 2 ? 'w' : `w#${i}`));
    expect(new Set(await namesOf(modelOf(names))).size).toBe(3000);
  });

  it('are checked to be distinct, wherever the two stand', async () => {
    const tensor = (n: string, more = {}) => ({ n, y: 2, d: [4], g: 0, ...more });
    const twice: Parameters<typeof forge>[] = [
      [{ f: [['', 8, 0]], t: [tensor('w'), tensor('w')] }, new Uint8Array(8)],
      [{ f: [['', 12, 0]], t: [tensor('w'), tensor('v'), tensor('w')] }, new Uint8Array(12)],
      [{ f: [['', 8, 0]], t: [tensor('w', { l: 1, s: 4 }), tensor('w', { r: 0 })] }, undefined, [new Uint8Array(4)]],
      [
        {
          f: [
            ['', 4, 0],
            ['a', 4, 0],
          ],
          t: [tensor('w'), tensor('w', { f: 1 })],
        },
        new Uint8Array(8),
      ],
    ];
    for (const parts of twice) {
      const error = { code: 'CONTAINER_MALFORMED', message: expect.stringContaining('two tensors have the same name') };
      await expect(decode(forge(...parts))).rejects.toMatchObject(error);
    }
    const [[header, skeleton]] = twice;
    const other = { ...header, t: [tensor('w'), tensor('v')] };
    expect(await decode(forge(other, skeleton))).toEqual(new Uint8Array(8));
  });

  it('may be missing, where bytes belong to no tensor', async () => {
    const t = [
      { g: 0, b: 4 },
      { g: 0, b: 2 },
      { n: 'w', y: 2, d: [2], g: 0 },
    ];
    expect(await decode(forge({ f: [['', 8, 0]], t }, new Uint8Array(8)))).toEqual(new Uint8Array(8));
  });
});

describe('a data_type that is none', () => {
  const content = rawData(bytes(1));
  const types = [2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32 + 1, 2 ** 40, -1n, -(2n ** 31n), 2n ** 63n - 1n];

  it.each(types)('of %s: the tensor is skeleton', async (dataType) => {
    const odd = tensorProto({ name: 'odd', dataType: dataType as number, dims: [8], content });
    const packed = tensorProto({
      name: 'packed',
      dataType: dataType as number,
      dims: [3],
      content: int32Data([1, 2, 3]),
    });
    const initializers = [odd, tensorOf('w', 2), packed];
    expect(await namesOf(modelProto({ graph: { initializers } }))).toEqual(['w']);
  });

  it.each(types)('of %s, with its payload in a file: that is there as it was', async (dataType) => {
    const external = externalData({ location: 'odd.bin', length: '8' });
    const initializers = [
      tensorProto({ name: 'odd', dataType: dataType as number, dims: [8], content: external }),
      tensorOf('w', 2),
    ];
    const model = modelProto({ graph: { initializers } });
    const { files } = await roundTrip(model, { 'odd.bin': bytes(3, 20) });
    expect(Buffer.compare(files[''], model)).toBe(0);
    expect(files['odd.bin']).toEqual(bytes(3, 20));
  });

  it('of the future, which int32 holds, is named by its number', async () => {
    for (const dataType of [100, 65_536, 2 ** 31 - 1]) {
      const initializers = [tensorProto({ name: 'odd', dataType, dims: [8], content })];
      const { container } = await roundTrip(modelProto({ graph: { initializers } }));
      expect((await inspect(container)).tensors).toMatchObject([{ name: 'odd', dtype: `unknown(${dataType})` }]);
    }
  });
});
