// How long the first decoding of a process takes: from the import of the decoder to the last of a million weights.
//
//   npm run bench cold [rounds]
//
// Every run is a fresh process. Each round has one that imports an empty module, one with the package's files, and one
// with the decoder as a bundler would ship it, in turns; medians, also of the differences within a round.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeContainer } from '../../build/container/write/container.js';
import { openOnnx } from '../../build/onnx/open.js';
import { codebook, lookUp, makeIndices, median, onnxOf } from './support/weights.js';

const WEIGHTS = 1 << 20;
const SPEC = { clusters: 32, density: 1 };
const rounds = Number(process.argv[2] ?? 31);
const TITLES = { empty: 'an empty module', package: 'fxq-compress/decode', bundle: 'minified in one' };
const entry = new URL('../../dist/decode/index.js', import.meta.url);
const folder = mkdtempSync(join(os.tmpdir(), 'cold-'));

try {
  const floats = new Float32Array(WEIGHTS);
  lookUp(makeIndices(WEIGHTS, SPEC), codebook(SPEC), floats);
  const model = join(folder, 'model.fxq');
  writeFileSync(model, Buffer.concat(await writeContainer(openOnnx(onnxOf(floats)))));
  writeFileSync(join(folder, 'empty.mjs'), 'export {};');
  const bundle = join(folder, 'bundle.mjs');
  const forms = /** @type {const} */ ({ format: 'esm', platform: 'browser', logLevel: 'error' });
  await build({ entryPoints: [fileURLToPath(entry)], outfile: bundle, bundle: true, minify: true, ...forms });
  const works = {
    empty: "await import('./empty.mjs');\nconst imported = performance.now();",
    package: decodeWith(entry.href),
    bundle: decodeWith('./bundle.mjs'),
  };
  for (const [name, work] of Object.entries(works)) writeFileSync(join(folder, `${name}-run.mjs`), timed(model, work));

  const times = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
  const names = Object.keys(works);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      const printed = execFileSync(process.execPath, [join(folder, `${name}-run.mjs`)], { encoding: 'utf8' });
      times[name].push(JSON.parse(printed));
    }
  }
  console.log(
    `Node ${process.version}, ${os.cpus()[0].model}; 1 Mi weights of 5 bits, medians of ${rounds} processes\n`,
  );
  console.log('ms                    import  decode    both  more than an empty module');
  for (const name of names) {
    const columns = [
      median(times[name].map(([imported]) => imported)),
      median(times[name].map(([imported, decoded]) => decoded - imported)),
      median(times[name].map(([, decoded]) => decoded)),
      median(times[name].map(([, decoded], i) => decoded - times.empty[i][1])),
    ];
    console.log(`${TITLES[name].padEnd(20)}${columns.map((ms) => ms.toFixed(1).padStart(8)).join('')}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** A script that prints when the import was done and when everything was, in milliseconds from the import's start. */
function timed(model, work) {
  return `import { readFileSync } from 'node:fs';
const container = readFileSync(${JSON.stringify(model)});
const start = performance.now();
${work}
const end = performance.now();
console.log(JSON.stringify([imported - start, end - start]));`;
}

function decodeWith(from) {
  return `const { decode } = await import('${from}');
const imported = performance.now();
await decode(container);`;
}
