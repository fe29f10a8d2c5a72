// The tables of the comparison.
import os from 'node:os';
import { cellsOf, WAYS } from '../support/int8.js';

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const whole = (bytes) => Math.round(bytes).toLocaleString('en');
const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
const digits = (number) => number.toLocaleString('en', { maximumSignificantDigits: 3 });

export function machine(version, missing) {
  const [{ model }] = os.cpus();
  const facts = [
    `fxq-compress ${version}, ${new Date().toISOString().slice(0, 10)}`,
    `${model}, ${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    `${os.type()} ${os.arch()}, Node ${process.version}, zlib ${process.versions.zlib}, brotli ${process.versions.brotli}`,
    ...missing.map((name) => `left out, not installed: ${name}`),
  ];
  return `# What \`npm run bench compare\` found\n\n${facts.map((fact) => `- ${fact}`).join('\n')}`;
}

export function sizesTable(results) {
  const names = [...new Set(results.flatMap(({ sizes }) => sizes.flatMap(({ rivals }) => Object.keys(rivals))))];
  const rows = results.flatMap(({ name, sizes }) =>
    sizes.map(({ form, bytes, ours, rivals }) => {
      const cells = names.map((rival) => (rivals[rival] === undefined ? '–' : whole(rivals[rival])));
      const brotli = rivals['brotli 11'];
      const against = brotli ? `${((100 * ours) / brotli - 100).toFixed(1)} %` : '–';
      return [name, form, whole(bytes), ...cells, `**${whole(ours)}**`, against];
    }),
  );
  return `## Sizes

Bytes of whole files. Ours is \`fxq-compress encode\`, lossless, of the same file as the others'. –: left out, because the file
is large and the compressor slow.

${table(['model', 'form', 'file', ...names, 'ours', 'against brotli'], rows)}`;
}

export function int8Table(results) {
  const rows = results.flatMap(({ name, int8 }) => (int8 ? [[name, ...cellsOf(int8)]] : []));
  return `## Beside int8

Bytes of whole files, and how near they answer to the original on made inputs: \`compress\` without options, and what one
would do by hand.

${table(['model', ...WAYS.flatMap((way) => [way, 'agreement', 'mean difference'])], rows)}`;
}

export function timesTable(results) {
  const names = results[0].times.map(({ name }) => name);
  const rows = results.map(({ name, times }) => [
    name,
    ...times.map(({ perSecond, memcpy }) => `${digits(perSecond / 1e6)} (${memcpy.toFixed(3)})`),
  ]);
  return `## Times

Millions of weights a second on one thread, in brackets the share of a copy's speed: medians of runs that take turns. The
k-means is 32 clusters from a linear start to its fixed point, on values already sorted; what is encoded and decoded has 30 %
of its weights, with 32 values a layer.

${table(['model', ...names], rows)}`;
}

export function kmeansTable(rows) {
  const cells = rows.map(({ name, count, iterations, ms, slower, inertia }) => [
    whole(count),
    name,
    whole(iterations),
    digits(ms),
    name === 'ours' ? '' : `${digits(slower)} ×`,
    inertia.toPrecision(7),
  ]);
  return `## k-means

The same values, the same first centroids, 32 clusters; ours with sorting. The large set is stopped after 50 iterations,
because the others need an hour to the end.

${table(['values', 'package', 'iterations', 'ms', 'times ours', 'inertia'], cells)}`;
}

export function memoryTable(results) {
  const rows = results.flatMap(({ name, memory }) =>
    memory.map(({ name: command, bytes, seconds, peak }) => [
      name,
      command,
      megabytes(bytes),
      `${seconds.toFixed(1)} s`,
      megabytes(peak),
      megabytes(peak - bytes),
    ]),
  );
  return `## Whole runs

The program from start to end, in a process of its own.

${table(['model', 'command', 'ONNX file', 'wall', 'peak memory', 'beyond the file'], rows)}`;
}
