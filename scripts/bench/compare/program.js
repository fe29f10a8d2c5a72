// Runs fxq-compress as users do, in a process of its own, and tells how long it took and how much memory.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);

/** @returns wall seconds and peak resident bytes of the whole process */
export async function runProgram(...words) {
  const start = performance.now();
  const child = spawn(process.execPath, [self, ...words], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const [errors, peak, code] = await Promise.all([
    textOf(child.stderr),
    textOf(child.stdio[3]),
    new Promise((resolve) => child.on('close', resolve)),
  ]);
  if (code !== 0) throw new Error(`fxq-compress ${words.join(' ')}: ${errors}`);
  return { seconds: (performance.now() - start) / 1000, peak: Number(peak) };
}

async function textOf(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

if (process.argv[1] === self) {
  const { readFileSync, writeSync } = await import('node:fs');
  // Where Linux tells it: the other figure begins with what the parent had when it started this process.
  const peak = () => {
    try {
      return 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    } catch {
      return 1024 * process.resourceUsage().maxRSS;
    }
  };
  process.on('exit', () => writeSync(3, String(peak())));
  await import('../../../bin/fxq-compress.js');
}
