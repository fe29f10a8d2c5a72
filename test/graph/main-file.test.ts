import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { mainFile } from '../../src/graph/decoded-graph.js';
import { openOnnx } from '../../src/onnx/open.js';
import { cluster } from '../../src/stages/cluster.js';
import { externalChain, MATRIX_BYTES, WIDTH } from '../support/external.js';
import { bytesOf, concat } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';

const random = new Random(23);
const data = concat(bytesOf(random.floats(MATRIX_BYTES / 4)), bytesOf(random.floats(MATRIX_BYTES / 4)));

describe('a model with external data as one piece', () => {
  it.each([
    [['m.data', 'm.data'], { 'm.data': data }],
    [['./m.data', 'm.data'], { 'm.data': data }],
    [['package.json', 'README.md'], { 'package.json': data, 'README.md': data }],
    [['a/x', 'b/x'], { 'a/x': data, 'b/x': data }],
    [['sub//w', 'sub/./w'], { 'sub/w': data }],
  ])(
    '%j: runs on its own data, before stages and after, whatever lies in the working directory',
    async (names, files) => {
      const chain = (at: readonly string[]) =>
        externalChain(at.map((location, i) => ({ location, offset: i * MATRIX_BYTES, length: MATRIX_BYTES })));
      const model = openOnnx(chain(names), { external: memoryFiles(files) });
      const X = new ort.Tensor('float32', random.floats(WIDTH), [1, WIDTH]);
      const session = await ort.InferenceSession.create(mainFile(model));
      const reference = await ort.InferenceSession.create(chain(['w', 'w']), { externalData: [{ path: 'w', data }] });
      const [{ Y }, { Y: expected }] = [await session.run({ X }), await reference.run({ X })];
      expect(Y.data).toEqual(expected.data);
      const clustered = await ort.InferenceSession.create(mainFile(await cluster({ clusters: 2 }).run(model)));
      expect((await clustered.run({ X })).Y.data).not.toEqual(expected.data);
    },
  );
});
