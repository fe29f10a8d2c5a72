// The command line as it is built, in a thread: takes arguments, and tells exit code and what was written.
import { parentPort, workerData as turn } from 'node:worker_threads';
import { run } from '../../dist/cli/program.js';

parentPort.on('message', async ({ args, port }) => {
  const finished = { code: null, stdout: '', stderr: '' };
  const streamOf = (name) => ({
    write: (text) => {
      finished[name] += text;
    },
  });
  // A report tells how it was made.
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args);
  try {
    finished.code = await run(args, { stdout: streamOf('stdout'), stderr: streamOf('stderr') });
  } catch (error) {
    finished.stderr += error.stack;
  }
  port.postMessage(finished);
  port.close();
  // Whoever asked is waiting, and finds the message at once.
  Atomics.store(turn, 0, 1);
  Atomics.notify(turn, 0);
});
