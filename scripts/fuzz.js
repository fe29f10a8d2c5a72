// Decodes damaged containers, through WebAssembly and through the reference:
//
//   npm run fuzz -- [--seconds 60] [--inputs 1000000] [--seed 1] [--kinds field,streams] [--without cut]
//   npm run fuzz -- --seed 1 --case 4711     one input again, and what became of it
//
// Claims: any bytes decode exactly or fail with a typed error; both decoders agree on which, on the place, and on every
// byte; memory stays below what the files declare and 16 MiB; no file declares what its bytes cannot stand for; none
// below a megabyte takes two seconds. Ends with exit code 1 at the first input for which one does not hold.
import { parseArgs } from 'node:util';
import { createRandom } from '../build/random.js';
import { makeBases } from './fuzz/bases.js';
import { attempt, outcomeOf, violation } from './fuzz/claims.js';
import { DAMAGES, damageField } from './fuzz/damage.js';
import { loadDecoders } from './fuzz/decoders.js';
import { VARIANTS } from './fuzz/variants.js';

/** Kinds in turn. A header has many fields, each is tried with many values. */
const TURNS = [
  ...['field', 'streams', 'bytes', 'field', 'recode', 'cut', 'field', 'front', 'splice', 'field', 'resize', 'cbor'],
  ...['transplant', 'squeezed', 'skeleton', 'streams', 'grid', 'escapes'],
];

/** One turn in so many goes to kinds of their own. */
const RARE = { noise: 50, bomb: 300, lists: 300 };

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    inputs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    kinds: { type: 'string' },
    without: { type: 'string' },
  },
});
const seed = Number(values.seed);
const all = ['field', ...Object.keys(DAMAGES)];
const without = values.without?.split(',') ?? [];
const kinds = (values.kinds?.split(',') ?? all).filter((kind) => !without.includes(kind));
const decoders = await loadDecoders();
const bases = await makeBases();
const known = new Set();
for (const { container } of [...bases.small, ...bases.real]) {
  const { wasm, reference } = await decodeBoth({ bytes: container, verify: 'all' });
  for (const result of [wasm, reference]) if (!result.files) throw result.error;
  known.add(outcomeOf(wasm));
}

if (values.case === undefined) await run();
else await show(Number(values.case));

async function run() {
  const limits = { inputs: Number(values.inputs ?? Number.POSITIVE_INFINITY), seconds: Number(values.seconds ?? 60) };
  if (values.inputs !== undefined && values.seconds === undefined) limits.seconds = Number.POSITIVE_INFINITY;
  const counts = { kinds: {}, outcomes: {} };
  const most = { ms: 0, memory: 0, bytes: 0 };
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  let inputs = 0;
  for (let number = 0; inputs < limits.inputs && seconds() < limits.seconds; number++) {
    const input = makeInput(number);
    if (input === undefined) continue;
    // What WebAssembly let go of comes back between turns of the event loop only.
    if (inputs++ % 256 === 0) await new Promise(setImmediate);
    const { problem, results } = await check(input);
    for (const { ms, memory, files } of results) {
      most.ms = Math.max(most.ms, ms);
      most.memory = Math.max(most.memory, memory);
      most.bytes = Math.max(most.bytes, ...(files ?? []).map(({ bytes }) => bytes.length));
    }
    count(counts.kinds, input.kind);
    count(counts.outcomes, results[0].code ?? 'decoded');
    if (problem === undefined) continue;
    console.error(`${problem}\n  ${describe(input)}\n  npm run fuzz -- --seed ${seed} --case ${number}`);
    process.exitCode = 1;
    break;
  }
  for (const [title, numbers] of Object.entries(counts)) {
    console.log(title);
    for (const [name, number] of Object.entries(numbers).sort()) console.log(`${String(number).padStart(9)}  ${name}`);
  }
  const rate = `${(inputs / seconds()).toFixed(0)} a second`;
  const peaks = `at most ${most.ms.toFixed(0)} ms, ${megabytes(most.memory)} of memory, files of ${megabytes(most.bytes)}`;
  console.log(`${inputs} damaged containers, seed ${seed}, ${rate}; ${peaks}`);
}

/** Everything about one input. */
async function show(number) {
  const input = makeInput(number);
  const { problem, results } = await check(input);
  console.log(describe(input));
  for (const result of results) {
    const message = result.error?.message ?? '';
    console.log(`${result.name}: ${outcomeOf(result)} ${message} (${result.ms} ms, ${megabytes(result.memory)})`);
  }
  console.log(problem ?? 'all claims hold');
  if (problem) process.exitCode = 1;
}

/** The input of a number: that and the seed decide everything about it. */
function makeInput(number) {
  const { below: random } = createRandom(seed * 2 ** 32 + number);
  const turn = Math.floor(number / TURNS.length);
  let kind = TURNS[number % TURNS.length];
  for (const [rare, oneIn] of Object.entries(RARE)) if (random(oneIn) === 0) kind = rare;
  if (!kinds.includes(kind)) return undefined;
  const list = random(200) === 0 ? bases.real : bases.small;
  const base = list[random(list.length)];
  // Half of them without checks of sums, which would keep most damage from the kernels.
  const verify = ['none', 'sections', 'none', 'all'][random(4)];
  const variants = ['stream', 'tensors', 'tensors', 'into', '', '', '', ''].map((name) =>
    without.includes(name) ? '' : name,
  );
  const variant = variants[random(variants.length)];
  if (kind !== 'field') {
    const { make, keepsSums = false } = DAMAGES[kind];
    return { kind, number, verify, variant, keepsSums, bytes: make(base, random, list) };
  }
  // Field by field and value by value for each of the small ones, in an order of its own for each seed.
  const fields = TURNS.filter((name) => name === 'field').length;
  const nth = turn * fields + TURNS.slice(0, number % TURNS.length).filter((name) => name === 'field').length;
  const { length } = bases.small;
  const bytes = damageField(bases.small[nth % length], Math.floor(nth / length) + seed * 100_003);
  return { kind, number, verify, variant, keepsSums: false, bytes };
}

/** Decodes an input in both ways, and some in a third; gives the first claim that does not hold. */
async function check(input) {
  const { wasm, reference } = await decodeBoth(input);
  const results = [
    { name: 'wasm', ...wasm },
    { name: 'reference', ...reference },
  ];
  const [ours, theirs] = results.map(outcomeOf);
  let problem = results.map((result) => violation(input, result, known)).find((found) => found !== undefined);
  if (ours !== theirs) problem ??= `the decoders do not agree:\n  ${ours}\n  ${theirs}`;
  const variant = VARIANTS[input.variant];
  if (!problem && variant) {
    const name = `by ${input.variant}`;
    const { isPartial } = variant;
    const room = variant.prepare?.(input);
    const result = {
      name,
      isPartial,
      ...(await attempt(decoders.wasm, (decoder) => variant.decode(decoder, input, room))),
    };
    results.push(result);
    const found = violation(input, result, known);
    if (found) problem = `${name}: ${found}`;
    else if (variant.isSame && outcomeOf(result) !== ours) problem = `${name}: ${outcomeOf(result)}, else ${ours}`;
  }
  return { problem, results };
}

async function decodeBoth({ bytes, verify, number = 0, kind = '' }) {
  const decode = ({ decodeFiles }) => decodeFiles(bytes, { verify });
  const isWeighed = number % 4 === 0 || kind === 'bomb';
  const wasm = await attempt(decoders.wasm, decode, isWeighed);
  return { wasm, reference: await attempt(decoders.reference, decode, isWeighed) };
}

function describe({ kind, verify, variant, bytes }) {
  return `${kind}, ${bytes.length} bytes, verify ${verify}${variant ? `, also by ${variant}` : ''}`;
}

function count(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1;
}

function megabytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
