// Makes test/golden/vN/ anew, N being the format's version: for everything that a container can hold a small model, and
// the container that it must decode from. Where the encoder itself writes what a case is about, its container is taken
// (encoded/); elsewhere the layout is told (forged/). The same files at every run.
//
//   node scripts/build.js && node scripts/make-goldens.js
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto from 'onnx-proto';
import { concat } from '../build/binary/bytes.js';
import { toPlanes } from '../build/binary/planes.js';
import { xxh32 } from '../build/binary/xxh32.js';
import { ESCAPES, LAYOUTS, MINUS_ZERO, VERSION } from '../build/container/constants.js';
import { writeContainer } from '../build/container/write/container.js';
import { planByContexts } from '../build/container/write/contexts.js';
import { planGap } from '../build/container/write/gap.js';
import { onGrid } from '../build/container/write/grid.js';
import { onGrids } from '../build/container/write/grids.js';
import { planDense, planMask, planPacked, planPlanes, planVerbatim } from '../build/container/write/layouts.js';
import { splitBy, unsplit } from '../build/container/write/lines.js';
import { asUnits, indexUnits } from '../build/container/write/symbols.js';
import { planWaves } from '../build/container/write/waves.js';
import { inspect } from '../build/decode/index.js';
import { openOnnx } from '../build/onnx/open.js';
import { createRandom } from '../build/random.js';
import { cases, dimsOf, payloadOf } from './goldens/cases.js';

const root = fileURLToPath(new URL(`../test/golden/v${VERSION}`, import.meta.url));
const { DataType, DataLocation } = proto.onnx.TensorProto;

/** @typedef {import('./goldens/cases.js').Golden} Golden */

/** The element type of units of so many bytes. */
const TYPES = { 1: DataType.UINT8, 2: DataType.FLOAT16, 4: DataType.FLOAT, 8: DataType.DOUBLE };

const PLANS = { packed: planPacked, dense: planDense, gap: planGap, mask: planMask };

/**
 * A tensor's container entry and bytes in the layout that a case is about.
 *
 * @param {Golden} golden
 * @returns {any}
 */
function forge(golden, payload) {
  const { layout, width, isPlanar } = golden;
  if (layout === 'inline')
    return { entry: isPlanar ? { p: 1 } : {}, inline: isPlanar ? toPlanes(payload, width) : payload };
  const { fields, write } = planFor(golden, payload);
  const section = write();
  const given = Object.entries(fields).filter(([, value]) => value);
  const entry = {
    l: LAYOUTS.indexOf(layout),
    ...Object.fromEntries(given),
    s: section.length,
    x: xxh32(section),
  };
  return { entry, section };
}

/** @param {Golden} golden */
function planFor({ layout, kind, width, lines, contexts, grids, waves, gapBits, hasEscapes }, payload) {
  if (layout === 'verbatim') return planVerbatim(payload);
  if (layout === 'planes') return planPlanes(payload, width);
  if (layout === 'waves') return planWaves(new Uint32Array(payload.buffer), waves.dims);
  const listed = indexUnits(asUnits(payload, width));
  const words = () => new Uint32Array(Uint8Array.from(payload).buffer);
  // Escapes for their own sake: a list of so few values would be shorter.
  const onOne = () => onGrid(words(), hasEscapes ? undefined : listed);
  const indexed = kind === 'grid' ? onOne() : kind === 'grids' ? onGrids(words(), grids.dims) : listed;
  if (contexts) {
    const classes = Uint8Array.from(indexed.values, (_, i) => i % contexts.classes);
    return planByContexts(indexed, width === 4, { distance: contexts.distance, classes });
  }
  const split = lines ? splitBy(indexed, lines.dims, lines.axis, lines.classes) : unsplit(indexed);
  return PLANS[layout](indexed, width === 4, split, gapBits && [gapBits]);
}

/** @param {Uint8Array} payload */
const externalData = ({ length }) => [
  { key: 'location', value: './weights.bin' },
  { key: 'length', value: String(length) },
];

/**
 * The files of a model whose tensors hold these payloads: the model's first, then those of its external data.
 *
 * @param {Golden} golden
 */
function filesOf(golden, payload) {
  const { width, tensors = 1, isExternal, unclaimed = 0 } = golden;
  const dims = dimsOf(golden) ?? [payload.length / width];
  const initializer = Array.from({ length: tensors }, (_, i) => ({
    name: `w${i}`,
    dataType: TYPES[width],
    dims,
    ...(isExternal
      ? { dataLocation: DataLocation.EXTERNAL, externalData: externalData(payload) }
      : { rawData: payload }),
  }));
  const type = { tensorType: { elemType: TYPES[width], shape: { dim: dims.map((dimValue) => ({ dimValue })) } } };
  const node = initializer.map(({ name }, i) => ({ opType: 'Identity', input: [name], output: [`y${i}`] }));
  const output = node.map(({ output: [name] }) => ({ name, type }));
  const model = { irVersion: 8, opsetImport: [{ version: 17 }], graph: { name: 'golden', node, initializer, output } };
  const bytes = new Uint8Array(proto.onnx.ModelProto.encode(proto.onnx.ModelProto.create(model)).finish());
  return { '': bytes, ...(isExternal ? { 'weights.bin': concat([payload, payload.subarray(0, unclaimed)]) } : {}) };
}

/** Encodes; with a case, its tensors in the layout that it is about. */
async function containerOf({ '': model, ...external }, told) {
  const source = (name, bytes) => ({ name, size: bytes.length, read: (start, end) => bytes.subarray(start, end) });
  const opened = openOnnx(model, { external: (name) => external[name] && source(name, external[name]) });
  const code = async (tensor) => {
    const payload = tensor.payload.read();
    return { payload, coded: forge(told, payload) };
  };
  const coder = told && { limits: { items: 1, size: 1 }, code };
  return concat(await writeContainer(opened, { coder }));
}

/** @param {Golden} golden */
async function isAbout(golden, container) {
  const { layout, kind, width, lines, contexts, grids, gapBits, isPlanar, hasEscapes, hasMinusZero } = golden;
  const [tensor] = (await inspect(container)).tensors;
  const flags = tensor.codebookKind.startsWith('grid') ? container[tensor.section.offset] : 0;
  return (
    tensor.layout === layout &&
    tensor.width === width &&
    tensor.isPlanar === Boolean(isPlanar) &&
    tensor.lines.classes > 1 === Boolean(lines) &&
    tensor.contexts.distance > 0 === Boolean(contexts) &&
    (kind === undefined || tensor.codebookKind === kind) &&
    (grids === undefined || tensor.lines.count === grids.dims[grids.axis]) &&
    (flags & ESCAPES) > 0 === Boolean(hasEscapes) &&
    (flags & MINUS_ZERO) > 0 === Boolean(hasMinusZero) &&
    (gapBits === undefined || tensor.gapBits === gapBits)
  );
}

rmSync(root, { recursive: true, force: true });
let bytes = 0;
for (const [index, golden] of cases.entries()) {
  const files = filesOf(golden, payloadOf(golden, createRandom(index)));
  const encoded = await containerOf(files);
  const isEncoded = await isAbout(golden, encoded);
  const container = isEncoded ? encoded : await containerOf(files, golden);
  if (!(await isAbout(golden, container))) throw new Error(`${golden.name}: made of its payload is something else`);
  const folder = join(root, isEncoded ? 'encoded' : 'forged');
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries({
    fxq: container,
    onnx: files[''],
    'weights.bin': files['weights.bin'],
  }))
    if (content) {
      writeFileSync(join(folder, `${golden.name}.${name}`), content);
      bytes += content.length;
    }
  console.log(`${isEncoded ? 'encoded' : 'forged '} ${golden.name} ${files[''].length} → ${container.length}`);
}
console.log(`${cases.length} cases, ${bytes} bytes`);
