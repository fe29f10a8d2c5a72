#!/usr/bin/env node
import { reportFullOutput, run } from '../dist/cli/program.js';

const args = process.argv.slice(2);
process.stdout.on('error', (error) => {
  // A reader such as `head` may close the pipe before everything is written: that is its right.
  if (error.code !== 'EPIPE') process.exitCode ||= reportFullOutput(error, args);
});
// Who cannot be told of errors has the exit code.
process.stderr.on('error', () => {});

const code = await run(args);
process.exitCode ||= code;
