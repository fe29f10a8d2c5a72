import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { decodeFiles, decodeForOrt } from '../../src/decode/index.js';
import { edit } from '../../src/graph/edit/edit.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode } from '../support/container.js';
import { externalChain, MATRIX_BYTES, WIDTH } from '../support/external.js';
import { bytesOf, concat } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';

const random = new Random(7);
const data = concat(...[0, 1, 2].map(() => bytesOf(random.floats(MATRIX_BYTES / 4))));

/** Spellings of one file in the order of the model's tensors, and its name. */
const cases: [spellings: string[], name: string][] = [
  [['m.data', './m.data', 'm.data'], 'm.data'],
  [['./m.data', 'm.data', './/m.data'], 'm.data'],
  [['sub//x', 'sub/x', './sub/./x'], 'sub/x'],
  [['a/../m.data', 'b/c/../../m.data', 'm.data'], 'm.data'],
  [['./././w', 'q/.././w', 'w'], 'w'],
  [['sub/../sub/ü x.bin', 'sub/ü x.bin', './sub//ü x.bin'], 'sub/ü x.bin'],
];

const modelOf = (spellings: readonly string[]) =>
  externalChain(spellings.map((location, i) => ({ location, offset: i * MATRIX_BYTES, length: MATRIX_BYTES })));

describe.each(cases)('%j', (spellings, name) => {
  const model = modelOf(spellings);

  it('is one file', () => {
    const { files, tensors } = openOnnx(model, { external: memoryFiles({ [name]: data }) });
    expect(files.map((file) => file.name)).toEqual(['model.onnx', name]);
    expect(tensors.map(({ file, offset }) => [file, offset])).toEqual([0, 1, 2].map((i) => [1, i * MATRIX_BYTES]));
  });

  it('is found by the first of its spellings, too', () => {
    const { files } = openOnnx(model, { external: memoryFiles({ [spellings[0]]: data }) });
    expect(files[1].name).toBe(name);
  });

  it('is encoded once; the model keeps its spellings', async () => {
    const container = await encode(model, { [name]: data });
    expect(container.length).toBeLessThan(1.1 * data.length);
    const files = await decodeFiles(container, { verify: 'all' });
    expect(files.map((file) => file.name)).toEqual(['', name]);
    expect(Buffer.compare(files[0].bytes, model)).toBe(0);
    expect(Buffer.compare(files[1].bytes, data)).toBe(0);
  });

  it('is found by ONNX Runtime in what decodeForOrt gives', async () => {
    const { model: edited, externalData } = await decodeForOrt(await encode(model, { [name]: data }));
    expect(externalData.map(({ path }) => path)).toEqual([name]);
    const session = await ort.InferenceSession.create(edited, { externalData });
    const X = new ort.Tensor('float32', random.floats(WIDTH), [1, WIDTH]);
    const plain = modelOf([name, name, name]);
    const reference = await ort.InferenceSession.create(plain, { externalData: [{ path: name, data }] });
    expect((await session.run({ X })).Y.data).toEqual((await reference.run({ X })).Y.data);
  });

  it('is renamed in all its spellings', () => {
    const editor = edit(openOnnx(model, { external: memoryFiles({ [name]: data }) }));
    editor.renameFiles(() => 'other.data');
    const { files, tensors } = editor.finish();
    expect(files.map((file) => file.name)).toEqual(['model.onnx', 'other.data']);
    expect(tensors.length).toBe(3);
  });
});

describe('a location', () => {
  it.each(['sub\\m.data', 'a\\b\\m.data', '.\\m.data', 'weights\\w 1.bin', 'x\\y'])(
    'with backslashes, %s: is hinted at where there is no such file',
    (location) => {
      expect(() => openOnnx(modelOf([location, location, location]))).toThrow(
        `spelled with a backslash, which parts folders on Windows only; spell it "${location.replaceAll('\\', '/')}"`,
      );
    },
  );

  it.each(['../m.data', 'a/../../m.data', './../m.data', '/m.data', './/../m.data', 'sub/../C:/m.data', 'a/..'])(
    'that leads out, %s: is refused as it is spelled',
    (location) => {
      const external = memoryFiles({ [location]: data });
      expect(() => openOnnx(modelOf([location, location, location]), { external })).toThrow(
        `must lie inside the model's folder, got location "${location}"`,
      );
    },
  );
});
