#!/usr/bin/env node
import { run } from '../dist/cli/program.js';

// A reader such as `head` may close the pipe before everything is written: that is its right.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await run(process.argv.slice(2));
