// Preloaded into a run (node --import): kills it, as `kill -9` would, right before one of its calls that change a folder.
// KILL_AT is which, counted from one; of a run that gets through, the count goes to stderr.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const at = Number(process.env.KILL_AT);
let calls = 0;

for (const name of ['renameSync', 'mkdirSync', 'rmdirSync', 'rmSync', 'openSync', 'fsyncSync']) {
  const call = fs[name];
  fs[name] = (...args) => {
    // Files that are read change nothing.
    const isChange = name !== 'openSync' || /[wa+]/.test(String(args[1]));
    if (isChange && ++calls === at) process.kill(process.pid, 'SIGKILL');
    return call(...args);
  };
}
syncBuiltinESMExports();
process.on('exit', () => process.stderr.write(`\ncalls ${calls}\n`));
