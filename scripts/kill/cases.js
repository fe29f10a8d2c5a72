// Every command that writes, over files that are there already.
import { readFileSync } from 'node:fs';
import proto from 'onnx-proto';
import { encode } from '../../build/index.js';
import { inMemory, openOnnx } from '../../build/onnx/open.js';
import { createRandom } from '../../build/random.js';

const { DataType, DataLocation } = proto.onnx.TensorProto;
const WIDTH = 96;

const random = createRandom(3);
const weights = (count) => new Uint8Array(Float32Array.from({ length: count }, () => random.float() - 0.5).buffer);

/** X [N, 96] through two matrices, in files beside the model or in its own. */
function modelOf({ isExternal }) {
  const files = { 'a.bin': weights(WIDTH * WIDTH), 'sub/b.bin': weights(WIDTH * WIDTH) };
  const locations = Object.keys(files);
  const initializer = locations.map((location, i) => ({
    ...{ name: `w${i}`, dataType: DataType.FLOAT, dims: [WIDTH, WIDTH] },
    ...(isExternal
      ? { dataLocation: DataLocation.EXTERNAL, externalData: [{ key: 'location', value: location }] }
      : { rawData: files[location] }),
  }));
  const port = (name) => ({
    name,
    type: { tensorType: { elemType: DataType.FLOAT, shape: { dim: [{ dimParam: 'N' }, { dimValue: WIDTH }] } } },
  });
  const node = [
    { opType: 'MatMul', input: ['X', 'w0'], output: ['h'] },
    { opType: 'MatMul', input: ['h', 'w1'], output: ['Y'] },
  ];
  const graph = { name: 'g', node, initializer, input: [port('X')], output: [port('Y')] };
  const model = { irVersion: 8, opsetImport: [{ version: 17 }], graph };
  const bytes = new Uint8Array(proto.onnx.ModelProto.encode(proto.onnx.ModelProto.create(model)).finish());
  return { 'm.onnx': bytes, ...(isExternal && files) };
}

/** `data.mjs`: a batch of inputs. */
const MODULE = `export default async function* () {
  yield { inputs: { X: { data: Float32Array.from({ length: 64 * ${WIDTH} }, (_, i) => Math.sin(i * i)), dims: [64, ${WIDTH}] } } };
}
`;

/** @returns {Promise<import('./claims.js').Case[]>} */
export async function makeCases() {
  const external = modelOf({ isExternal: true });
  const { 'm.onnx': main, ...beside } = external;
  const source = openOnnx(main, { external: (name) => inMemory(name, beside[name]) });
  const container = await encode(source);
  const lenet = readFileSync(new URL('../../models/lenet-300-100.onnx', import.meta.url));
  const data = { ...external, 'data.mjs': MODULE };
  const output = (name, content = 'old') => ({ [`out/${name}`]: content });
  const beforeData = { 'out/a.bin': 'old', 'out/sub/b.bin': 'old' };
  const FORCE = '--force';
  return [
    {
      name: 'compress',
      args: ['compress', '@l.onnx', '-o', '@out/o', '--bits', '4'],
      files: { 'l.onnx': lenet, ...output('o') },
      main: 'out/o',
    },
    {
      name: 'encode',
      args: ['encode', '@m.onnx', '-o', '@out/o'],
      files: { ...external, ...output('o') },
      main: 'out/o',
    },
    {
      name: 'compress, with settings',
      args: [
        'compress',
        '@m.onnx',
        '-o',
        '@out/o',
        '--data',
        '@data.mjs',
        '--max-loss',
        '50',
        '--save-config',
        '@out/c.yaml',
      ],
      files: {
        ...modelOf({ isExternal: false }),
        'data.mjs': MODULE,
        ...output('o'),
        ...output('c.yaml'),
      },
      main: 'out/o',
      beside: 'out/c.yaml',
    },
    {
      name: 'decode, data new',
      args: ['decode', '@c.fxq', '-o', '@out/o', FORCE],
      files: { 'c.fxq': container, ...output('o') },
      main: 'out/o',
    },
    {
      name: 'decode, data there',
      args: ['decode', '@c.fxq', '-o', '@out/o', FORCE],
      files: { 'c.fxq': container, ...output('o'), ...beforeData },
      main: 'out/o',
    },
    {
      name: 'prune',
      args: ['prune', '@m.onnx', '-o', '@out/o', '--density', '.4', FORCE],
      files: { ...external, ...output('o'), ...beforeData },
      main: 'out/o',
    },
    {
      name: 'cluster',
      args: ['cluster', '@l.onnx', '-o', '@out/o', '--bits', '3'],
      files: { 'l.onnx': lenet, ...output('o') },
      main: 'out/o',
    },
    {
      name: 'tune',
      args: ['tune', '@m.onnx', '-o', '@out/o', '--data', '@data.mjs', '--epochs', '1', '--threads', '1', FORCE],
      files: { ...data, ...output('o'), ...beforeData },
      main: 'out/o',
      keeps: /^out\/o\.tune$/,
    },
    { name: 'init', args: ['init', '@m.onnx', '-o', '@out/o'], files: { ...external, ...output('o') }, main: 'out/o' },
    {
      name: 'report',
      args: ['report', '@m.onnx', '@c.fxq', '-o', '@out/o.json', '--no-baselines'],
      files: { ...external, 'c.fxq': container, ...output('o.json') },
      main: 'out/o.json',
    },
  ];
}
