// Decodes damaged containers, through WebAssembly here and through the reference in a worker that has no WebAssembly:
// `npm run fuzz -- --seconds 60 --seed 1`. Claims: any bytes decode or fail with a typed error, both decoders agree on
// which and on every byte, and no small file takes two seconds. Ends with exit code 1 at the first that does not hold.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Decoder, Encoder } from 'cbor-x';
import { deflateSync, inflateSync } from 'fflate';

if (!isMainThread) globalThis.WebAssembly = undefined;
const { decodeFiles, FxqError } = await import('../dist/decode/index.js');
const { Xxh32, xxh32 } = await import('../dist/binary/xxh32.js');

/** What decoding did, in a few words that two decoders can be compared by. */
async function outcome(bytes, verify) {
  try {
    const files = await decodeFiles(bytes, { verify });
    return files.map((file) => `${file.name} ${file.bytes.length} ${xxh32(file.bytes)}`).join();
  } catch (error) {
    if (error instanceof FxqError && error.code !== 'LIMIT') return `${error.code} ${error.tensor ?? ''}`;
    if (error instanceof FxqError) return error.code;
    return `UNTYPED ${error?.stack ?? error}`;
  }
}

async function main() {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
  });
  const { bases } = await containers();
  const random = generator(Number(values.seed));
  const worker = new Worker(fileURLToPath(import.meta.url));
  let fail;
  worker.on('error', (error) => fail(error));
  const reference = (message) =>
    new Promise((resolve, reject) => {
      fail = reject;
      worker.once('message', resolve);
      worker.postMessage(message);
    });
  const counts = {};
  let rounds = 0;
  const end = Date.now() + Number(values.seconds) * 1000;
  while (Date.now() < end) {
    const [name, damage] = DAMAGES[random(DAMAGES.length)];
    const bytes = damage(bases[random(bases.length)], random, bases);
    const verify = ['sections', 'none', 'all'][random(3)];
    // Processor time, both decoders': on a busy machine a clock would count the waiting.
    const start = process.cpuUsage();
    const [ours, theirs] = await Promise.all([outcome(bytes, verify), reference({ bytes, verify })]);
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    rounds++;
    const kind = `${name}: ${/^[A-Z_]+\b/.exec(ours)?.[0] ?? 'decoded'}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (ours !== theirs || ours.startsWith('UNTYPED') || ms > 2000) {
      console.error(
        `round ${rounds} of seed ${values.seed}, ${name}, verify ${verify}, ${ms.toFixed(0)} ms:\n  ${ours}\n  ${theirs}`,
      );
      process.exitCode = 1;
      break;
    }
  }
  await worker.terminate();
  for (const [kind, count] of Object.entries(counts).sort()) console.log(`${String(count).padStart(8)}  ${kind}`);
  console.log(`${rounds} damaged containers, seed ${values.seed}`);
}

/** Small containers of every layout: the bundled net as it is, pruned, clustered, and a few layers of each. */
async function containers() {
  const { compress } = await import('../dist/index.js');
  const model = new Uint8Array(readFileSync(fileURLToPath(new URL('../models/lenet-300-100.onnx', import.meta.url))));
  const options = [
    { prune: { density: 0.08 }, cluster: { bits: 5 } },
    { prune: { density: 0.4 }, cluster: { bits: 3 } },
    { cluster: { bits: 4 } },
    { cluster: false },
    { prune: { density: 0.02 }, cluster: { clusters: 2 } },
  ];
  const made = [];
  for (const each of options) made.push((await compress(model, each)).container);
  return { bases: made };
}

/** sfc32, so that a seed gives the same damage on every machine. */
function generator(seed) {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, seed | 0];
  const next = () => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  return (limit) => next() % limit;
}

function takeApart(container) {
  const view = new DataView(container.buffer, container.byteOffset);
  const end = 20 + view.getUint32(4, true);
  const head = inflateSync(container.subarray(20, end));
  const headerBytes = view.getUint32(12, true);
  const header = new Decoder({ mapsAsObjects: true }).decode(head.subarray(0, headerBytes));
  return { header, skeleton: head.subarray(headerBytes), sections: container.subarray(end) };
}

/** A container of these parts with sums that fit: what is wrong with it is not the sums. */
function putTogether({ header, skeleton, sections }) {
  let at = 0;
  for (const tensor of header.t) {
    if (typeof tensor?.s !== 'number' || !(tensor.s >= 0)) continue;
    tensor.x = xxh32(sections.subarray(at, at + tensor.s));
    at += tensor.s;
  }
  const cbor = new Encoder({ useRecords: false, variableMapSize: true }).encode(header);
  const head = deflateSync(Buffer.concat([cbor, skeleton]), { level: 1 });
  const prefix = Buffer.alloc(20);
  prefix.set([0x46, 0x58, 0x51, 1]);
  prefix.writeUInt32LE(head.length, 4);
  prefix.writeUInt32LE(cbor.length + skeleton.length, 8);
  prefix.writeUInt32LE(cbor.length, 12);
  prefix.writeUInt32LE(new Xxh32().update(prefix.subarray(0, 16)).update(head).digest(), 16);
  return new Uint8Array(Buffer.concat([prefix, head, sections]));
}

const VALUES = [
  0,
  1,
  2,
  7,
  255,
  256,
  1023,
  1024,
  65535,
  65536,
  2 ** 31,
  2 ** 32,
  2 ** 50,
  -1,
  0.5,
  Number.NaN,
  'text',
  null,
  [],
  {},
  true,
];

/** Ways to damage a container: what it is called, and how it is done. */
const DAMAGES = [
  ['bytes', (base, random) => scatter(base.slice(), random, 1 + random(8))],
  ['cut', (base, random) => base.slice(0, random(base.length))],
  ['noise', (_, random) => Uint8Array.from({ length: random(4000) }, () => random(256))],
  [
    'splice',
    (base, random, bases) => {
      const other = bases[random(bases.length)];
      const spliced = base.slice();
      const at = random(base.length);
      spliced.set(other.subarray(at, Math.min(other.length, base.length, at + random(5000))), at);
      return spliced;
    },
  ],
  [
    'section',
    (base, random) => {
      const parts = takeApart(base);
      return putTogether({ ...parts, sections: scatter(parts.sections.slice(), random, 1 + random(4)) });
    },
  ],
  [
    'front',
    (base, random) => {
      // Where the codebooks and code lengths are: most of a section is streams, and those are hit by `section`.
      const parts = takeApart(base);
      const sections = parts.sections.slice();
      for (let i = random(3); i >= 0; i--) sections[random(Math.min(400, sections.length))] = random(256);
      return putTogether({ ...parts, sections });
    },
  ],
  [
    'header',
    (base, random) => {
      const parts = takeApart(base);
      for (let i = random(2); i >= 0; i--) {
        const tensor = parts.header.t[random(parts.header.t.length)];
        const keys = [...Object.keys(tensor), 'b', 'w', 'l', 'k', 'c', 'q', 'p', 'r', 'f'];
        const key = keys[random(keys.length)];
        tensor[key] =
          random(3) === 0 && typeof tensor[key] === 'number'
            ? tensor[key] + random(5) - 2
            : VALUES[random(VALUES.length)];
      }
      return putTogether(parts);
    },
  ],
];

function scatter(bytes, random, count) {
  for (let i = 0; i < count; i++) bytes[random(bytes.length)] = random(256);
  return bytes;
}

if (isMainThread) await main();
else parentPort.on('message', async ({ bytes, verify }) => parentPort.postMessage(await outcome(bytes, verify)));
