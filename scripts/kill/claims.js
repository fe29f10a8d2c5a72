// What must hold of a command that is killed at any moment, whatever it writes:
//
// 1. What is there afterwards is what was there before or what the command writes, nothing in between. Where data beside a
//    model is replaced, no model may be there, either, until the next run takes that back; never one with another's data.
// 2. The next run writes all of it, and leaves nothing else behind.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/fxq-compress.js', import.meta.url));
const PRELOAD = new URL('./at-call.js', import.meta.url).href;

/** What a run works in while it writes. */
const WORKSHOP = /(^|\/)\.fxq-[^/]*\.tmp(\/|$)/;

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string[]} args - with `@` before files of the folder
 * @property {Record<string, Uint8Array | string>} files - what is in the folder before
 * @property {string} main - the file that the command writes, without those beside it
 * @property {RegExp} [keeps] - files that a killed run may keep for the next one
 * @property {string} [beside] - a second file that is written, which stands for itself: it may be whole before the main one
 */

/** @param {Case} subject */
function makeFolder({ files }) {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-kill-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Files and folders below a folder, and what is in the files. */
function stateOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const state = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    // A report says by which command it came about.
    state[path.slice(folder.length + 1)] = entry.isFile() ? readFileSync(path, 'latin1').replaceAll(folder, '@') : '';
  }
  return state;
}

const argsIn = (folder, { args }) => args.map((arg) => arg.replace(/^@/, `${folder}/`));

/** The whole result, and how many calls it takes. */
export function measure(/** @type {Case} */ subject) {
  const folder = makeFolder(subject);
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--import', PRELOAD, BIN, ...argsIn(folder, subject)], {
    encoding: 'utf8',
    env: { ...process.env, KILL_AT: '0' },
  });
  if (status !== 0) throw new Error(`${subject.name}: ${stderr}`);
  const ms = performance.now() - start;
  const whole = stateOf(folder);
  rmSync(folder, { recursive: true });
  return { whole, ms, calls: Number(/calls (\d+)/.exec(stderr)?.[1]) };
}

/**
 * Kills a run, before a call or after a time, and has another follow it.
 *
 * @param {Case} subject
 * @param {Record<string, string>} whole - what the command writes when it is left alone
 * @param {{ call: number } | { ms: number }} when
 * @returns {Promise<{ outcome: 'old' | 'whole' | 'aside' | 'done', wrong?: string }>}
 */
export async function killed(subject, whole, when) {
  const folder = makeFolder(subject);
  try {
    const before = stateOf(folder);
    const args = [BIN, ...argsIn(folder, subject)];
    const child =
      'call' in when
        ? spawn(process.execPath, ['--import', PRELOAD, ...args], {
            stdio: 'ignore',
            env: { ...process.env, KILL_AT: String(when.call) },
          })
        : spawn(process.execPath, args, { stdio: 'ignore' });
    const timer = 'ms' in when ? setTimeout(() => child.kill('SIGKILL'), when.ms) : undefined;
    const isDone = await new Promise((resolve) => child.on('close', (code) => resolve(code === 0)));
    clearTimeout(timer);
    const between = stateOf(folder);
    const found = outcomeOf(subject, before, between, whole);
    if (found === undefined) return { outcome: 'old', wrong: `neither old nor whole: ${describe(between)}` };
    const next = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (next.status !== 0) return { outcome: found, wrong: `the next run fails: ${next.stderr}` };
    const after = stateOf(folder);
    const isRight = isSame(after, whole);
    return { outcome: isDone ? 'done' : found, ...(!isRight && { wrong: `after the next run: ${describe(after)}` }) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Which of the allowed states it is.
 *
 * @param {Pick<Case, 'main' | 'keeps' | 'beside'>} subject
 */
function outcomeOf({ main, keeps, beside }, before, between, whole) {
  if (beside !== undefined && between[beside] === whole[beside])
    return outcomeOf({ main, keeps }, { ...before, [beside]: whole[beside] }, between, whole);
  const names = Object.keys(between).filter((name) => !WORKSHOP.test(name) && !keeps?.test(name));
  const isAs = (state) => names.every((name) => between[name] === state[name]);
  const has = (state) => Object.keys(state).every((name) => between[name] === state[name]);
  if (isAs(whole) && has(whole)) return 'whole';
  if (isAs(before) && has(before)) return 'old';
  // Without the main file nothing refers to what is beside it, and beside the old one new data that was not there is no matter.
  const isOld = between[main] === before[main] && Object.keys(before).every((name) => between[name] === before[name]);
  const isEither = names.every((name) => between[name] === before[name] || between[name] === whole[name]);
  return isEither && (isOld || between[main] === undefined) ? 'aside' : undefined;
}

function isSame(a, b) {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

const describe = (state) =>
  Object.entries(state)
    .map(([name, { length }]) => `${name} (${length})`)
    .join(', ');
