import { best, classify, createSession, PIXELS } from './classify.js';
import { drawDigit, fetchDigits } from './digits.js';
import { load } from './load.js';
import { drawingPad } from './pad.js';

const MODEL = './lenet-5.fxq';
/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const kilobytes = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en')} KB`;

const digits = await fetchDigits('./digits.bin');
const figures = digits.map(drawDigit);
$('digits').append(...figures);

let session;
let abort;

async function start() {
  abort = new AbortController();
  $('load').disabled = true;
  $('cancel').disabled = false;
  say('Loading …');
  reset();
  try {
    const began = performance.now();
    const loadedModel = await load(MODEL, {
      signal: abort.signal,
      onProgress: showProgress,
      worker: $('worker').checked,
      ...($('slow').checked && { bytesPerSecond: 20_000 }),
    });
    const loaded = performance.now();
    $('cancel').disabled = true;
    session = await createSession(loadedModel);
    const ready = performance.now();
    $('ratio').textContent = `a ${kilobytes($('download').max)} file`;
    await readDigits();
    say(
      `Downloaded and decoded in ${ms(loaded - began)}, session in ${ms(ready - loaded)}, ` +
        `${digits.length} digits in ${ms(performance.now() - ready)}.`,
    );
  } catch (error) {
    // An FxqError has a code; its message says what was expected, what was there and where.
    if (abort.signal.aborted) say('Cancelled.');
    else say(error.code ? `${error.code}: ${error.message}` : String(error), 'error');
  } finally {
    $('load').disabled = false;
    $('cancel').disabled = true;
  }
}

async function readDigits() {
  const chances = await classify(
    session,
    Float32Array.from(
      digits.flatMap(({ pixels }) => [...pixels]),
      (p) => p / 255,
    ),
  );
  let right = 0;
  figures.forEach((figure, i) => {
    const answer = best(chances[i]);
    figure.querySelector('figcaption').textContent = answer;
    figure.classList.toggle('wrong', answer !== digits[i].label);
    if (answer === digits[i].label) right++;
  });
  $('score').textContent = `${right} of ${digits.length} right`;
}

function showProgress({ phase, loaded, total }) {
  const [bar, text] = phase === 'download' ? [$('download'), $('downloaded')] : [$('decoding'), $('decoded')];
  bar.max = total;
  bar.value = loaded;
  text.textContent = `${kilobytes(loaded)} of ${kilobytes(total)}`;
}

function reset() {
  for (const id of ['download', 'decoding']) $(id).value = 0;
  for (const id of ['downloaded', 'decoded']) $(id).textContent = '–';
  for (const figure of figures) figure.querySelector('figcaption').textContent = '·';
  $('score').textContent = '';
}

function say(text, kind = '') {
  $('status').textContent = text;
  $('status').className = kind;
}

const ms = (time) => `${Math.round(time)} ms`;

function showChances(chances) {
  $('guess').textContent = chances ? best(chances) : '?';
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const [item, bar] = [document.createElement('li'), document.createElement('i')];
    bar.style.height = `${(chances?.[digit] ?? 0) * 3}rem`;
    item.append(bar, String(digit));
    return item;
  });
  $('chances').replaceChildren(...bars);
}

const pad = drawingPad($('pad'), async (pixels) => {
  if (session) showChances((await classify(session, pixels.subarray(0, PIXELS)))[0]);
});
$('clear').addEventListener('click', () => {
  pad.clear();
  showChances();
});
$('load').addEventListener('click', start);
$('cancel').addEventListener('click', () => abort.abort());
showChances();
await start();
