// The containers that are damaged: small ones of every layout, type, kind of codebook and number of streams, and real
// ones.
import { readFileSync } from 'node:fs';
import { bitsOf, DTYPES } from '../../build/binary/dtype.js';
import { toPlanes } from '../../build/binary/planes.js';
import { xxh32 } from '../../build/binary/xxh32.js';
import { LAYOUTS } from '../../build/container/constants.js';
import { planByContexts } from '../../build/container/write/contexts.js';
import { planGap } from '../../build/container/write/gap.js';
import { onGrid } from '../../build/container/write/grid.js';
import { onGrids } from '../../build/container/write/grids.js';
import { planDense, planMask, planPacked, planPlanes, planVerbatim } from '../../build/container/write/layouts.js';
import { splitBy } from '../../build/container/write/lines.js';
import { asUnits, indexUnits } from '../../build/container/write/symbols.js';
import { planWaves } from '../../build/container/write/waves.js';
import { compress, encode } from '../../build/index.js';
import { toWaves } from '../../build/quantize/waves.js';
import { createRandom } from '../../build/random.js';
import { toTree } from './cbor.js';
import { putTogether, takeApart } from './parts.js';

/** By a list of values, on a grid, or on one a line. */
function indexed(payload, width, dims, { grid }) {
  if (!grid) return indexUnits(asUnits(payload, width));
  const units = new Uint32Array(payload.buffer);
  return grid === 'one' ? onGrid(units, undefined) : onGrids(units, dims);
}

/** With `classes`, lines along `axis` have one of so many, in turn. */
const planLines = (plan) => (payload, width, isFloat, dims, spec) => {
  const { axis, classes } = spec;
  const of =
    classes === undefined
      ? new Uint8Array()
      : Uint8Array.from({ length: dims[axis] }, (_, line) => (line * 5) % classes);
  const weights = indexed(payload, width, dims, spec);
  return plan(weights, isFloat, classes === undefined ? undefined : splitBy(weights, dims, axis, of));
};

/** With `distance`, values have one of so many classes, in turn. */
const planFollowed = (payload, width, isFloat, dims, spec) => {
  const { distance, classes } = spec;
  if (distance === undefined) return planLines(planDense)(payload, width, isFloat, dims, spec);
  const indexed = indexUnits(asUnits(payload, width));
  return planByContexts(indexed, isFloat, {
    distance,
    classes: Uint8Array.from(indexed.values, (_, i) => i % classes),
  });
};

const PLANS = {
  verbatim: (payload) => planVerbatim(payload),
  packed: (payload, width, isFloat, dims, spec) => planPacked(indexed(payload, width, dims, spec), isFloat),
  dense: planFollowed,
  gap: planLines(planGap),
  mask: planLines(planMask),
  planes: (payload, width) => planPlanes(payload, width),
  waves: (payload, _width, _isFloat, dims) => planWaves(new Uint32Array(payload.buffer), dims),
};

/**
 * What the small containers hold: layout, type, elements, distinct values beside zero, one in how many is kept. A list is
 * one container; two files where `file` says so; `twin` repeats the payload of an earlier tensor.
 */
const SPECS = [
  [{ layout: 'inline', dtype: 'float32', count: 20, values: 30 }],
  [{ layout: 'inline', dtype: 'float16', count: 33, values: 9, isPlanar: true }],
  [{ layout: 'inline', dtype: 'float64', count: 7, values: 5, isPlanar: true }],
  [{ layout: 'verbatim', dtype: 'float32', count: 60, values: 99 }],
  [{ layout: 'verbatim', dtype: 'int64', count: 9, values: 9 }],
  [{ layout: 'verbatim', dtype: 'uint4', count: 31, values: 99 }],
  [{ layout: 'packed', dtype: 'float32', count: 50, values: 5, isHalf: true }],
  [{ layout: 'packed', dtype: 'float16', count: 77, values: 1 }],
  [{ layout: 'packed', dtype: 'int8', count: 300, values: 100 }],
  [{ layout: 'packed', dtype: 'float32', count: 1500, values: 300 }],
  [{ layout: 'dense', dtype: 'float32', count: 400, values: 12 }],
  [{ layout: 'dense', dtype: 'float32', count: 900, values: 31, isHalf: true }],
  [{ layout: 'dense', dtype: 'float32', count: 9000, values: 1 }],
  [{ layout: 'dense', dtype: 'float32', count: 8191, values: 2 }],
  [{ layout: 'dense', dtype: 'bfloat16', count: 8193, values: 2 }],
  [{ layout: 'dense', dtype: 'uint8', count: 8200, values: 3 }],
  [{ layout: 'dense', dtype: 'float32', count: 2000, values: 1000, isHalf: true }],
  [{ layout: 'dense', dtype: 'int32', count: 70, values: 1, kept: 1 }],
  [{ layout: 'gap', dtype: 'float32', count: 2000, values: 6, kept: 10 }],
  [{ layout: 'gap', dtype: 'float32', count: 9000, values: 1, kept: 2, isHalf: true }],
  [{ layout: 'gap', dtype: 'float16', count: 9000, values: 2, kept: 2 }],
  [{ layout: 'gap', dtype: 'int8', count: 5000, values: 3, kept: 40 }],
  [{ layout: 'gap', dtype: 'float32', count: 5000, values: 40, kept: 300 }],
  [{ layout: 'gap', dtype: 'uint8', count: 263000, values: 2, kept: 3000 }],
  [{ layout: 'mask', dtype: 'float32', count: 901, values: 12, kept: 3 }],
  [{ layout: 'mask', dtype: 'bfloat16', count: 1700, values: 3, kept: 9 }],
  [{ layout: 'mask', dtype: 'uint8', count: 66003, values: 1, kept: 400 }],
  [{ layout: 'mask', dtype: 'float32', count: 9001, values: 1, kept: 2 }],
  [{ layout: 'dense', dtype: 'float32', count: 600, dims: [30, 20], axis: 0, classes: 3, values: 12 }],
  [{ layout: 'dense', dtype: 'float16', count: 504, dims: [4, 14, 9], axis: 1, classes: 8, values: 5 }],
  [{ layout: 'dense', dtype: 'uint8', count: 30_000, dims: [3000, 2, 5], axis: 2, classes: 2, values: 3 }],
  [{ layout: 'dense', dtype: 'float32', count: 900, distance: 1, classes: 2, values: 12 }],
  [{ layout: 'dense', dtype: 'uint8', count: 8300, distance: 30, classes: 3, values: 3 }],
  [{ layout: 'dense', dtype: 'float16', count: 8192, distance: 2100, classes: 8, values: 9 }],
  [{ layout: 'dense', dtype: 'float32', count: 3000, distance: 2, classes: 8, values: 300, isHalf: true }],
  [{ layout: 'gap', dtype: 'float32', count: 4000, dims: [40, 100], axis: 0, classes: 4, values: 6, kept: 10 }],
  [{ layout: 'gap', dtype: 'int8', count: 9000, dims: [90, 100], axis: 1, classes: 3, values: 2, kept: 3 }],
  [{ layout: 'mask', dtype: 'float32', count: 700, dims: [7, 100], axis: 0, classes: 7, values: 12, kept: 3 }],
  [{ layout: 'dense', dtype: 'float32', count: 3000, grid: 'one', far: 100 }],
  [{ layout: 'dense', dtype: 'float32', count: 66_000, grid: 'one', far: 900, minus: 7 }],
  [{ layout: 'gap', dtype: 'float32', count: 5000, grid: 'one', far: 90, kept: 11 }],
  [{ layout: 'mask', dtype: 'float32', count: 2100, grid: 'one', far: 90, kept: 3 }],
  [
    {
      layout: 'gap',
      dtype: 'float32',
      count: 5000,
      dims: [50, 100],
      axis: 0,
      classes: 3,
      grid: 'one',
      far: 90,
      kept: 9,
    },
  ],
  [{ layout: 'packed', dtype: 'float32', count: 600, dims: [20, 30], axis: 0, grid: 'lines' }],
  [{ layout: 'dense', dtype: 'float32', count: 1800, dims: [20, 30, 3], axis: 1, grid: 'lines', minus: 9 }],
  [{ layout: 'dense', dtype: 'float32', count: 66_000, dims: [6000, 11], axis: 1, grid: 'lines', far: 900 }],
  [{ layout: 'gap', dtype: 'float32', count: 4000, dims: [40, 100], axis: 0, grid: 'lines', kept: 10 }],
  [{ layout: 'mask', dtype: 'float32', count: 1200, dims: [12, 100], axis: 0, grid: 'lines', kept: 3, far: 200 }],
  [{ layout: 'waves', dtype: 'float32', count: 640, dims: [32, 20], axis: 1 }],
  [{ layout: 'waves', dtype: 'float32', count: 66_000, dims: [33, 2000], axis: 0 }],
  [{ layout: 'planes', dtype: 'float32', count: 300, values: 280 }],
  [{ layout: 'planes', dtype: 'float64', count: 200, values: 150 }],
  [{ layout: 'planes', dtype: 'uint16', count: 1100, values: 500 }],
  [{ layout: 'planes', dtype: 'int64', count: 8192, values: 2 }],
  [{ layout: 'planes', dtype: 'uint8', count: 9000, values: 2 }],
  [
    { layout: 'dense', dtype: 'float32', count: 300, values: 3 },
    { layout: 'inline', dtype: 'int64', count: 3, values: 3 },
    { layout: 'dense', dtype: 'float32', count: 300, twin: 0 },
    { layout: 'gap', dtype: 'float32', count: 300, values: 3, kept: 9, file: 1 },
    { layout: 'inline', dtype: 'int64', count: 3, twin: 1, file: 1 },
    { layout: 'mask', dtype: 'float16', count: 300, values: 3, kept: 9, file: 2 },
  ],
  [
    { layout: 'verbatim', dtype: 'float32', count: 0, values: 0 },
    { layout: 'inline', dtype: 'bool', count: 0, values: 0 },
    { layout: 'packed', dtype: 'float32', count: 1, values: 1 },
    { layout: 'inline', dtype: 'string', count: 11, values: 9 },
  ],
  [],
];

/** All of them, each with its parts, the edges between these, and the files that it decodes to. */
export async function makeBases() {
  const small = SPECS.map((specs, i) => build(specs, createRandom(77 * 2 ** 32 + i).below));
  const model = new Uint8Array(readFileSync(new URL('../../models/lenet-300-100.onnx', import.meta.url)));
  const real = [
    (await compress(model, { prune: { density: 0.08 }, cluster: { bits: 5 } })).container,
    (await compress(model, { cluster: { bits: 4 } })).container,
    (await compress(model, { prune: { density: 0.02 }, cluster: { clusters: 2 } })).container,
    await encode(model),
  ];
  return { small: small.map(withParts), real: real.map(withParts) };
}

function withParts(container) {
  const parts = takeApart(container);
  const sections = container.length - parts.sections.length;
  const edges = [0, 3, 4, 8, 12, 16, 20, sections, container.length];
  const fields = parts.header.get('t').map((tensor) => tensor.get('s') ?? 0);
  let at = sections;
  for (const bytes of fields) {
    at += bytes;
    edges.push(at);
  }
  return { ...parts, container, edges };
}

function build(specs, random) {
  const files = [[]];
  const skeleton = [];
  const sections = [];
  const tensors = [];
  const made = [];
  const filler = () => Uint8Array.from({ length: random(40) }, () => random(256));
  for (const [index, spec] of specs.entries()) {
    const { layout, dtype, count, dims = [count], file = 0, twin, isPlanar } = spec;
    while (files.length <= file) files.push([]);
    const payload = twin === undefined ? makePayload(spec, random) : made[twin];
    made.push(payload);
    const gap = filler();
    skeleton.push(gap);
    files[file].push(gap, payload);
    const width = Math.max(1, Math.min(8, (bitsOf(dtype) ?? 8) / 8));
    const tensor = { n: `tensor ${index}`, y: DTYPES.indexOf(dtype), d: dims, g: gap.length };
    if (file > 0) tensor.f = file;
    if (twin !== undefined) tensor.r = twin;
    else if (layout === 'inline') {
      if (isPlanar) tensor.p = 1;
      skeleton.push(isPlanar ? toPlanes(payload, width) : payload);
    } else {
      const { fields, write } = PLANS[layout](payload, width, dtype === 'float32', dims, spec);
      const section = write();
      sections.push(section);
      Object.assign(tensor, { l: LAYOUTS.indexOf(layout), s: section.length });
      for (const [key, value] of Object.entries(fields)) if (value) tensor[key] = value;
    }
    tensors.push(tensor);
  }
  const f = files.map((pieces, i) => {
    // The end of a file, which stands before the next one's skeleton, is only there for the last.
    if (i === files.length - 1) {
      const end = filler();
      skeleton.push(end);
      pieces.push(end);
    }
    const bytes = Buffer.concat(pieces);
    return [i === 0 ? '' : `weights-${i}.bin`, bytes.length, xxh32(bytes)];
  });
  const header = toTree({ f, t: tensors });
  return putTogether({ header, skeleton: Buffer.concat(skeleton), sections: Buffer.concat(sections) });
}

/** Multiples of a step, or of one a line; one in `far` is large, one in `minus` a −0, one in a thousand on no grid. */
function gridPayload({ count, dims = [count], axis = 0, kept = 1, grid, far = 0, minus = 0 }, random) {
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const isByLine = grid === 'lines';
  const steps = Array.from(
    { length: isByLine ? dims[axis] : 1 },
    () => (1 + random(1024) / 1024) / 2 ** (4 + random(4)),
  );
  const values = Float32Array.from({ length: count }, (_, i) => {
    const step = steps[Math.floor(i / inner) % steps.length];
    if (minus && i % minus === 1) return -0;
    if (far && i % far === 1) return (isByLine ? 450 + random(40) : 1000 + random(9000)) * step;
    if (!isByLine && i % 2000 === 1500) return Number.NaN;
    return random(kept) ? 0 : (random(13) - 6) * step + 0;
  });
  return new Uint8Array(values.buffer);
}

/** A transform of which each line along the axis is a wave of its own. */
function wavesPayload({ count, dims, axis }) {
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: count }, (_, at) => {
    const line = Math.floor(at / inner) % dims[axis];
    const place = Math.floor(at / (inner * dims[axis])) * inner + (at % inner);
    return Math.cos((Math.PI * line * (2 * place + 1)) / (4 * dims[axis] + 1));
  });
  return new Uint8Array(toWaves(values, dims).buffer);
}

function makePayload(spec, random) {
  if (spec.layout === 'waves') return wavesPayload(spec);
  if (spec.grid) return gridPayload(spec, random);
  const { dtype, count, values, kept = 0, isHalf, layout } = spec;
  const bits = bitsOf(dtype) ?? 8;
  const width = Math.max(1, bits / 8);
  const units = Math.ceil((count * bits) / 8 / width);
  const payload = Buffer.alloc(units * width);
  const table = Array.from({ length: values }, (_, i) => {
    const value = Buffer.from(Array.from({ length: width }, () => 1 + random(255)));
    // Values that float16 holds, and for planes constant bytes.
    if (isHalf) value.writeFloatLE((i + 1) / 64, 0);
    if (layout === 'planes' && width > 1) value[width - 1] = 0x3f;
    return value;
  });
  const isSparse = kept > 0;
  for (let i = 0; i < units; i++) {
    if (isSparse && random(kept) !== 0) continue;
    payload.set(table[random(values)], i * width);
  }
  if (layout === 'gap' || layout === 'mask') payload.fill(0, 0, width);
  return new Uint8Array(payload);
}
