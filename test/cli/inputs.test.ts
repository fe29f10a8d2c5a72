import { copyFileSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.js';
import { DATA_TYPE, modelProto, node, rawData, tensorProto, valueInfo } from '../support/onnx-builder.js';
import { bytesOf, concat } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { filesIn, makeFolder } from './support.js';

const random = new Random(5);

/** X [N, 12] through two MatMul, or an image of 2 by 2 before them. */
function model(isImage = false): Uint8Array {
  const weight = (name: string, dims: number[]) => {
    const content = rawData(bytesOf(random.floats(dims[0] * dims[1])));
    return tensorProto({ name, dataType: DATA_TYPE.float32, dims, content });
  };
  const shape = tensorProto({
    ...{ name: 's', dataType: DATA_TYPE.int64, dims: [2] },
    content: rawData(bytesOf(BigInt64Array.of(-1n, 12n))),
  });
  return modelProto({
    graph: {
      nodes: [node('Reshape', ['X', 's'], ['x']), node('MatMul', ['x', 'a'], ['h']), node('MatMul', ['h', 'b'], ['Y'])],
      initializers: [shape, weight('a', [12, 16]), weight('b', [16, 4])],
      inputs: [valueInfo('X', 'float32', isImage ? ['N', 3, 2, 2] : ['N', 12])],
      outputs: [valueInfo('Y', 'float32', ['N', 4])],
    },
  });
}

function npy(descr: string, dims: readonly number[], data: Uint8Array): Uint8Array {
  const shape = `(${dims.join(', ')}${dims.length === 1 ? ',' : ''})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const head = `${text.padEnd(117)}\n`;
  return concat(
    Uint8Array.of(0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, head.length, 0),
    new TextEncoder().encode(head),
    data,
  );
}

const COUNT = 96;
const inputs = () => npy('<f4', [COUNT, 12], bytesOf(random.floats(COUNT * 12, 1)));
const labels = () => npy('<i8', [COUNT], bytesOf(BigInt64Array.from({ length: COUNT }, (_, i) => BigInt(i % 4))));
const npz = () => zipSync({ 'X.npy': inputs(), 'labels.npy': labels() });

/** A folder with all that a command may read. */
async function everything(): Promise<string> {
  const folder = makeFolder();
  const put = (name: string, content: Uint8Array | string) => writeFileSync(join(folder, name), content);
  put('m.onnx', model());
  put('image.onnx', model(true));
  copyFileSync(join(folder, 'm.onnx'), join(folder, 'teacher.onnx'));
  put('d.npz', npz());
  put('c.yaml', 'prune: { density: 0.5 }\n');
  put('f.json', JSON.stringify({ points: [{ bytes: 9, loss: 0 }] }));
  put('pp.yaml', 'resize: 2\n');
  put('classes.txt', 'a\nb\nc\nd\n');
  put(
    'data.mjs',
    `export default async function* () { yield { inputs: { X: { data: new Float32Array(1152).map((_, i) => Math.sin(i * i)), dims: [96, 12] } } }; }\n`,
  );
  for (const name of ['npz', 'images', 'images/a', 'images/b']) mkdirSync(join(folder, name));
  put('npz/1.npz', npz());
  put('npz/2.npz', npz());
  for (const [i, name] of ['a/1', 'a/2', 'b/1', 'b/2'].entries()) {
    const pixels = {
      create: { width: 4, height: 4, channels: 3, background: { r: 60 * i, g: 10, b: 200 - 40 * i } },
    } as const;
    put(`images/${name}.png`, new Uint8Array(await sharp(pixels).png().toBuffer()));
  }
  return folder;
}

async function fxq(folder: string, line: string): Promise<{ code: number; stderr: string }> {
  let stderr = '';
  const args = line.split(' ').map((word) => word.replace(/^@/, `${folder}/`));
  const streams = { stdout: { write: () => true }, stderr: { write: (text: string) => (stderr += text) } };
  return { code: await run(args, streams), stderr };
}

const TUNE = '--epochs 1 --batch-size 8 --threads 1';

/** Commands that would write onto what they read; files of the folder are marked with @. */
const lines: [what: string, line: string][] = [
  ['the model, by compress', 'compress @m.onnx -o @m.onnx'],
  ['the model, by encode', 'encode @m.onnx -o @m.onnx'],
  ['the model, by prune', 'prune @m.onnx --density .5 -o @m.onnx'],
  ['the model, by cluster', 'cluster @m.onnx --bits 3 -o @m.onnx'],
  ['the model, by tune', `tune @m.onnx --data @d.npz ${TUNE} -o @m.onnx`],
  ['the model, by init', 'init @m.onnx -o @m.onnx'],
  ['the data that compress calibrates on', 'compress @m.onnx -o @d.npz --calibrate @d.npz --max-loss 50'],
  ['the data that prune calibrates on', 'prune @m.onnx --density .5 -o @d.npz --calibrate @d.npz'],
  ['the data that compress searches on', 'compress @m.onnx -o @d.npz --data @d.npz --max-loss 50'],
  ['the data, by the settings of a search', 'compress @m.onnx -o @o --data @d.npz --max-loss 50 --save-config @d.npz'],
  [
    'the model, by the settings of a search',
    'compress @m.onnx -o @o --data @d.npz --max-loss 50 --save-config @m.onnx',
  ],
  ['what tune learns from', `tune @m.onnx --data @d.npz ${TUNE} -o @d.npz`],
  ["tune's teacher", `tune @m.onnx --data @d.npz ${TUNE} --teacher @teacher.onnx -o @teacher.onnx`],
  ['a config file, by prune', 'prune @m.onnx -o @c.yaml --config @c.yaml'],
  ['a config file, by compress', 'compress @m.onnx -o @c.yaml --config @c.yaml'],
  ['a config file, by tune', `tune @m.onnx --data @d.npz ${TUNE} -o @c.yaml --config @c.yaml`],
  ['the original of a report', 'report @m.onnx @teacher.onnx -o @m.json --no-baselines'],
  ['the search that a report shows', 'report @m.onnx @teacher.onnx -o @f.json --frontier @f.json --no-baselines'],
  ['an archive in a folder', 'prune @m.onnx --density .5 -o @npz/2.npz --calibrate @npz'],
  ['a module', 'prune @m.onnx --density .5 -o @data.mjs --calibrate @data.mjs'],
  [
    'an image in a folder',
    'prune @image.onnx --density .5 -o @images/b/2.png --calibrate @images --preprocess @pp.yaml',
  ],
  ['how images are prepared', 'prune @image.onnx --density .5 -o @pp.yaml --calibrate @images --preprocess @pp.yaml'],
  [
    'names of classes',
    'prune @image.onnx --density .5 -o @classes.txt --calibrate @images --preprocess @pp.yaml --labels @classes.txt',
  ],
];

/** How an output that is an input, or looks like one, is refused. */
const REFUSED =
  /this is an input, which is never overwritten; choose another name with (-o|--save-config) \(IO\)\n$|: an ONNX file is written; write -o \S+\.onnx\n$/;

describe('no command writes onto what it reads:', () => {
  it.each(lines)('%s', async (_, line) => {
    const folder = await everything();
    if (line.includes('m.json')) copyFileSync(join(folder, 'm.onnx'), join(folder, 'm.json'));
    const given = line.includes('m.json') ? line.replace('report @m.onnx', 'report @m.json') : line;
    const before = filesIn(folder);
    const { code, stderr } = await fxq(folder, given);
    // A name that promises something else is refused for that, before anything is read.
    if (line.includes('.npz -') || line.endsWith('.npz')) expect([1, 2]).toContain(code);
    else expect(code).toBe(1);
    expect(stderr).toMatch(REFUSED);
    expect(filesIn(folder)).toEqual(before);
  });

  it.each([
    ['a link', (from: string, to: string) => symlinkSync(from, to)],
    [
      'a link to a link',
      (from: string, to: string) => {
        symlinkSync(from, `${to}-`);
        symlinkSync(`${to}-`, to);
      },
    ],
    ['a hard link', (from: string, to: string) => linkSync(from, to)],
  ] as const)('by %s', async (_, link) => {
    for (const [input, line] of [
      ['m.onnx', 'cluster @m.onnx --bits 3 -o @x'],
      ['d.npz', 'prune @m.onnx --density .5 --calibrate @d.npz -o @x'],
      ['c.yaml', 'compress @m.onnx --config @c.yaml -o @x'],
      ['npz/1.npz', 'prune @m.onnx --density .5 --calibrate @npz -o @x'],
      ['data.mjs', 'prune @m.onnx --density .5 --calibrate @data.mjs -o @x'],
      ['d.npz', `tune @m.onnx --data @d.npz ${TUNE} -o @x`],
    ]) {
      const folder = await everything();
      link(join(folder, input), join(folder, 'x'));
      const before = filesIn(folder);
      const { code, stderr } = await fxq(folder, line);
      expect([code, stderr]).toEqual([1, expect.stringContaining('never overwritten')]);
      expect(filesIn(folder)).toEqual(before);
    }
  });

  it('through a linked folder, and the other way round', async () => {
    const folder = await everything();
    symlinkSync(folder, join(folder, 'again'));
    const before = readFileSync(join(folder, 'd.npz'));
    for (const line of [
      'prune @m.onnx --density .5 --calibrate @d.npz -o @again/d.npz',
      'prune @m.onnx --density .5 --calibrate @again/d.npz -o @d.npz',
      'prune @again/m.onnx --density .5 --calibrate @again/npz -o @npz/1.npz',
      'compress @m.onnx --config @again/c.yaml -o @c.yaml',
      'cluster @again/again/m.onnx --bits 2 -o @m.onnx',
    ])
      expect((await fxq(folder, line)).stderr).toMatch(REFUSED);
    expect(readFileSync(join(folder, 'd.npz')).equals(before)).toBe(true);
  });

  it("a training's own checkpoint is no input; what is none is left alone", async () => {
    const folder = await everything();
    writeFileSync(join(folder, 'o.onnx.tune'), 'mine');
    const line = `tune @m.onnx --data @d.npz ${TUNE} -o @o.onnx`;
    expect((await fxq(folder, line)).stderr).toMatch(/o\.onnx\.tune: exists already and is no checkpoint/);
    expect(readFileSync(join(folder, 'o.onnx.tune'), 'utf8')).toBe('mine');
    copyFileSync(join(folder, 'd.npz'), join(folder, 'p.tune'));
    const onto = await fxq(folder, `tune @m.onnx --data @p.tune ${TUNE} -o @p`);
    expect(onto.stderr).toContain('never overwritten');
  });

  it('other files are replaced, as ever', async () => {
    const folder = await everything();
    for (const name of ['old.fxq', 'older.fxq']) copyFileSync(join(folder, 'm.onnx'), join(folder, name));
    for (const line of [
      'prune @m.onnx --density .5 -o @image.onnx',
      'cluster @m.onnx --bits 3 -o @image.onnx',
      'encode @m.onnx -o @old.fxq',
      'compress @m.onnx -o @older.fxq',
      'prune @m.onnx --density .5 -o @teacher.onnx --calibrate @npz',
    ])
      expect((await fxq(folder, line)).code).toBe(0);
  });
});
