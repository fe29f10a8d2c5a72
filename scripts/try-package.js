// Packs the package, installs the tarball with its dependencies in an empty folder, as its users do, and tries it there:
// `npm run try-package`. test/package does the same without a registry.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'try-package-'));
const start = performance.now();

try {
  const [{ filename, size, entryCount }] = JSON.parse(
    npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder),
  );
  console.log(`${filename}: ${size} bytes, ${entryCount} files`);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`);
  copyFileSync(join(root, 'models/lenet-300-100.onnx'), join(folder, 'model.onnx'));
  console.log(`fxq-compress ${program('--version').trim()}`);
  program('compress', 'model.onnx', '-o', 'model.fxq', '--quiet');
  program('encode', 'model.onnx', '-o', 'lossless.fxq', '--quiet');
  program('decode', 'lossless.fxq', '-o', 'again.onnx', '--quiet');
  if (!read('again.onnx').equals(read('model.onnx'))) throw new Error('decode gave another file than was encoded');
  const script = `import { decode } from 'fxq-compress/decode';
import { readFileSync } from 'node:fs';
console.log((await decode(readFileSync('model.fxq'))).length + ' bytes decoded from ' + readFileSync('model.fxq').length);`;
  writeFileSync(join(folder, 'use.js'), script);
  console.log(run(folder, process.execPath, 'use.js').trim());
  console.log(`works as installed (${((performance.now() - start) / 1000).toFixed(1)} s)`);
} finally {
  rmSync(folder, { recursive: true });
}

function run(cwd, file, ...args) {
  const shell = process.platform === 'win32' && file !== process.execPath;
  return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell });
}

function npm(cwd, ...args) {
  return run(cwd, 'npm', ...args);
}

function program(...args) {
  return run(folder, process.execPath, 'node_modules/fxq-compress/bin/fxq-compress.js', ...args);
}

function read(name) {
  return readFileSync(join(folder, name));
}
