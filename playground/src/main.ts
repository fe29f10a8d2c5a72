import { Client } from './client.js';
import { Comparing } from './comparing.js';
import { element, html, nextFrame, save } from './dom.js';
import { takeFiles } from './dropping.js';
import { Form } from './form.js';
import { ratio, size } from './format.js';
import { goOffline } from './offline.js';
import type { Opened, Shrunk, Way } from './protocol.js';
import { sample } from './samples.js';
import { codeOf, commandOf, configOf, optionsOf } from './settings.js';
import { bars } from './views/bars.js';
import { histogram } from './views/histogram.js';
import { layerTable } from './views/layers.js';
import { drawMap, markLayer } from './views/maps.js';

/** Milliseconds in which the slider may move on before anything is compressed. */
const PAUSE = 60;
/** How far apart the colours of neighbouring layers are, in degrees: no two near ones for long. */
const HUE = 137.5;
/** The largest layer's: that of the page. */
const FIRST_HUE = 290;

const worker = new Client(new Worker(new URL('./compress-worker.ts', import.meta.url), { type: 'module' }));
const form = new Form(() => shrinkSoon());
const comparing = new Comparing(async () => model && shrunk && { original: model, ...(await worker.ask('take', {})) });

let model: File | undefined;
let opened: Opened | undefined;
let shrunk: Shrunk | undefined;
let others: readonly Way[] = [];
let picked: string | undefined;
let stop = new AbortController();
let timer = 0;

takeFiles(open);
for (const button of document.querySelectorAll<HTMLElement>('[data-sample]'))
  button.addEventListener('click', () =>
    sample(button.dataset.sample ?? '')
      .then(open)
      .catch(fail),
  );
element('close').addEventListener('click', close);
element('download').addEventListener('click', download);
element('download-config').addEventListener('click', () => save('fxq.yaml', configOf(chosen()), 'text/yaml'));
for (const button of document.querySelectorAll<HTMLElement>('[data-copy]'))
  button.addEventListener('click', () => copy(button));
goOffline();

async function open(file: File): Promise<void> {
  stop.abort();
  comparing.forget();
  try {
    element('problem').hidden = true;
    opened = await worker.ask('open', { file });
  } catch (problem) {
    return fail(problem);
  }
  [model, shrunk, others, picked] = [file, undefined, [], undefined];
  form.bytes = opened.bytes;
  form.exact.clear();
  form.show();
  element('model-name').textContent = file.name;
  element('size-before').textContent = size(opened.bytes);
  element('start').hidden = true;
  element('work').hidden = false;
  element('map-after').replaceChildren();
  drawMap(element('map-before'), blocks(opened.layers), 1, pick);
  scrollTo(0, 0);
  await shrink();
  others = await worker.ask('beside', {});
  showBeside();
}

function close(): void {
  stop.abort();
  comparing.forget();
  [model, opened, shrunk] = [undefined, undefined, undefined];
  element('work').hidden = true;
  element('start').hidden = false;
  element('file').focus();
}

function fail(problem: unknown): void {
  close();
  const place = element('problem');
  place.textContent = (problem as Error).message;
  place.hidden = false;
}

function shrinkSoon(): void {
  clearTimeout(timer);
  timer = window.setTimeout(shrink, PAUSE);
}

async function shrink(): Promise<void> {
  if (!opened) return;
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  const progress = element<HTMLProgressElement>('progress');
  progress.value = 0;
  progress.classList.add('busy');
  element('work').setAttribute('aria-busy', 'true');
  try {
    const settings = form.settings();
    const onProgress = (share: number) => {
      progress.value = share;
    };
    shrunk = await worker.ask('shrink', { settings }, { signal, onProgress });
    await show(opened, shrunk, signal);
    comparing.again();
  } catch (problem) {
    if (signal.aborted) return;
    element('status').textContent = (problem as Error).message;
  }
  progress.classList.remove('busy');
  element('work').setAttribute('aria-busy', 'false');
}

/** Shows it part by part, each in a frame of its own: all at once would be laid out at once, and the slider would stand still. */
async function show(before: Opened, after: Shrunk, signal: AbortSignal): Promise<void> {
  element('size-after').textContent = size(after.bytes);
  element('ratio').textContent = `${ratio(before.bytes, after.bytes)} smaller`;
  element('status').textContent = [
    `compressed in ${(after.ms / 1000).toFixed(after.ms < 950 ? 2 : 1)} s`,
    after.snr && `weights ${after.snr} dB over their noise`,
    after.told,
  ]
    .filter(Boolean)
    .join(' · ');
  showBeside();
  const options = chosen();
  const config = configOf(options);
  element('command').textContent = commandOf(model?.name ?? 'model.onnx', options);
  element('code').textContent = codeOf(model?.name ?? 'model.onnx');
  element<HTMLButtonElement>('download').disabled = false;
  element<HTMLButtonElement>('download-config').disabled = config === '';
  const rest = [
    () => drawMap(element('map-after'), blocks(after.layers), after.bytes / before.bytes, pick),
    () => {
      const table = layerTable(before, after.layers, form.exact, { onPick: pick, onExact: leave });
      element('layers').replaceChildren(...table);
    },
    () => void pick(picked ?? largest(before)),
  ];
  for (const part of rest) {
    await nextFrame();
    signal.throwIfAborted();
    part();
  }
}

function showBeside(): void {
  if (opened) element('beside').replaceChildren(...bars(opened.bytes, shrunk?.bytes, others));
}

function blocks(layers: readonly { name: string; bytes: number }[]) {
  const sorted = [...(opened?.layers ?? [])].sort((a, b) => b.bytes - a.bytes);
  const order = new Map(sorted.map(({ name }, i) => [name, i]));
  return layers.map(({ name, bytes }) => ({ name, bytes, hue: (FIRST_HUE + (order.get(name) ?? 0) * HUE) % 360 }));
}

function largest({ layers }: Opened): string | undefined {
  const weights = layers.filter(({ role }) => role === 'weight');
  return weights.reduce((most, layer) => (most && most.bytes >= layer.bytes ? most : layer), weights.at(0))?.name;
}

async function pick(name: string | undefined): Promise<void> {
  picked = name;
  markLayer(name);
  const place = element('layer');
  if (!name) return place.replaceChildren();
  const view = await worker
    .ask('layer', { name })
    .then(histogram, () => html('p', { class: 'note' }, `${name} holds no weights to look at`));
  if (picked === name) place.replaceChildren(view);
}

function leave(name: string, isExact: boolean): void {
  if (isExact) form.exact.add(name);
  else form.exact.delete(name);
  shrinkSoon();
}

/** What the file on the screen was made with. */
function chosen() {
  return optionsOf(form.settings(), shrunk?.snr);
}

async function download(): Promise<void> {
  const { container } = await worker.ask('take', {});
  const name = (model?.name ?? 'model').replace(/\.(onnx|fxq)$/, '');
  save(`${name}.fxq`, container);
}

async function copy(button: HTMLElement): Promise<void> {
  await navigator.clipboard.writeText(element(button.dataset.copy ?? '').textContent ?? '');
  button.textContent = 'copied';
  setTimeout(() => {
    button.textContent = 'copy';
  }, 1500);
}
