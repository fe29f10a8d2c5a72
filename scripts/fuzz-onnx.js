// Codes damaged ONNX files and decodes what came of them:
//
//   node scripts/fuzz-onnx.js [--inputs 50000] [--seed 1]
//   node scripts/fuzz-onnx.js --seed 1 --case 4711     one input again, and what became of it
//
// Claims: any bytes are refused with a typed error, or coded into a container that decodes to exactly these bytes. Ends with
// exit code 1 at the first input for which neither holds. Bases are the models of the goldens.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decode } from '../build/decode/index.js';
import { FxqError } from '../build/errors.js';
import { encode } from '../build/pipeline/compress.js';
import { createRandom } from '../build/random.js';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
  },
});
const seed = Number(values.seed);
const folder = fileURLToPath(new URL('../test/golden', import.meta.url));
const bases = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.onnx'))
  .sort()
  .map((path) => new Uint8Array(readFileSync(join(folder, path))));

/** Numbers that are worth trying where a length, a count or a tag stands. */
const TELLING = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x3a, 0x42, 0x4a];

const DAMAGES = {
  flip(bytes, random) {
    for (let times = 1 + random.below(4); times > 0; times--) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    return bytes;
  },
  telling(bytes, random) {
    for (let times = 1 + random.below(3); times > 0; times--) {
      bytes[random.below(bytes.length)] = TELLING[random.below(TELLING.length)];
    }
    return bytes;
  },
  // Where names, shapes and tags stand, rather than payloads.
  front(bytes, random) {
    bytes[random.below(Math.min(64, bytes.length))] = random.below(256);
    return bytes;
  },
  cut: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  twice(bytes, random) {
    const [from, to] = [random.below(bytes.length), random.below(bytes.length)].sort((a, b) => a - b);
    return joined(bytes.subarray(0, to), bytes.subarray(from));
  },
  splice(bytes, random) {
    const other = bases[random.below(bases.length)];
    return joined(bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length)));
  },
  // Fields of a message that occurs again are merged.
  both: (bytes, random) => joined(bytes, bases[random.below(bases.length)]),
  insert(bytes, random) {
    const at = random.below(bytes.length);
    const more = Uint8Array.from({ length: 1 + random.below(12) }, () => random.below(256));
    return joined(bytes.subarray(0, at), more, bytes.subarray(at));
  },
};

const KINDS = Object.keys(DAMAGES);

function joined(...parts) {
  return new Uint8Array(Buffer.concat(parts));
}

function inputOf(number) {
  const random = createRandom(seed * 2 ** 32 + number);
  const kind = KINDS[number % KINDS.length];
  let bytes = new Uint8Array(bases[random.below(bases.length)]);
  for (let times = 1 + random.below(2); times > 0 && bytes.length > 0; times--) bytes = DAMAGES[kind](bytes, random);
  return { kind, bytes };
}

async function outcomeOf(bytes) {
  let container;
  try {
    container = await encode(bytes);
  } catch (error) {
    if (error instanceof FxqError) return error.code;
    throw error;
  }
  const decoded = await decode(container, { verify: 'all' });
  if (Buffer.compare(decoded, bytes) !== 0) throw new Error('decoded to other bytes');
  return 'exact';
}

if (values.case !== undefined) {
  const { kind, bytes } = inputOf(Number(values.case));
  console.log(`${kind}, ${bytes.length} bytes: ${await outcomeOf(bytes)}`);
} else {
  const counts = {};
  const start = performance.now();
  for (let number = 0; number < Number(values.inputs); number++) {
    const { kind, bytes } = inputOf(number);
    try {
      const outcome = await outcomeOf(bytes);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    } catch (error) {
      console.error(`seed ${seed}, case ${number} (${kind}, ${bytes.length} bytes): ${error.stack}`);
      process.exit(1);
    }
  }
  console.log(`${values.inputs} inputs in ${((performance.now() - start) / 1000).toFixed(0)} s: every claim holds`);
  for (const [outcome, count] of Object.entries(counts)) console.log(`  ${outcome}: ${count}`);
}
