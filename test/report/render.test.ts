import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/dataset.js';
import { footprint } from '../../src/footprint/footprint.js';
import { formatBytes, formatRatio } from '../../src/inspect/format.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import type { Comparison } from '../../src/report/comparison.js';
import { escapeHtml } from '../../src/report/html/markup.js';
import { renderHtml } from '../../src/report/html/page.js';
import { renderJson } from '../../src/report/json.js';
import { renderMarkdown } from '../../src/report/markdown.js';
import { valueSpreads } from '../../src/report/values.js';
import { verdictOf } from '../../src/report/verdict.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { quantize } from '../../src/stages/quantize.js';
import { LENET } from '../stages/support.js';
import { network } from '../support/models/model.js';
import { node } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats } from '../support/tensors.js';
import { compared, measured, NASTY } from './support.js';

/** A model whose tensor is called what would be a script. */
function nastyModel() {
  const tensor = floats(NASTY, [30, 20], new Random(1).floats(600));
  return openOnnx(network('nasty', ['batch', 30], [node('MatMul', ['X', NASTY], ['Y'])], [], [tensor]).bytes);
}

/** What a model computes on some inputs. */
async function valuesOf(model: Model) {
  const data = new Random(3).floats(8 * 784);
  const dataset = arrayDataset({ inputs: { input: { data, dims: [8, 784] } } });
  return { values: await valueSpreads(model, { dataset, threads: 1 }) };
}

let full: Comparison;
let page: string;
let document: Document;

beforeAll(async () => {
  const { comparison } = await compared(nastyModel(), [prune({ density: 0.4 }), cluster({ bits: 3 })], { file: NASTY });
  full = measured(comparison);
  page = await renderHtml(full);
  document = parseHTML(page).document;
});

describe('a report as HTML', () => {
  it('holds names as text, wherever they stand', () => {
    expect(document.querySelectorAll('script')).toHaveLength(1);
    expect(page).not.toContain('<script>alert');
    expect(page).not.toMatch(/="[^"]*<script/);
    // In the table, the bars, the layer's card, the facts.
    const places = ['#table tbody th', '.layer h3', '.over', '.hash', 'svg title', 'svg text'];
    for (const place of places.slice(0, 3)) expect(document.querySelector(place)?.textContent).toContain(NASTY);
    const labels = [...document.querySelectorAll('svg')].map((svg) => svg.getAttribute('aria-label'));
    expect(labels).toContain(`Density map of ${NASTY}: where weights were kept`);
    expect(document.querySelector('#origin')?.textContent).toContain(NASTY);
  });

  it('draws where activations lie, if a run has told', async () => {
    expect(document.querySelector('#memory')).toBe(null);
    const plan = await footprint(openOnnx(LENET));
    const withPlan = { ...full, footprint: plan };
    const memory = parseHTML(await renderHtml(withPlan)).document.querySelector('#memory');
    expect(memory?.querySelectorAll('.wide svg rect').length).toBe(plan.buffers.length);
    expect(memory?.querySelector('.intro')?.textContent).toContain(
      '6,272 bytes for one sample, and no placement can take less',
    );
    expect(renderMarkdown(withPlan)).toContain('| nothing shared | ');
    expect(JSON.parse(renderJson(withPlan)).footprint.peak).toBe(plan.peak);
  });

  it('draws values that were looked at, each with the reach of its format', async () => {
    expect(document.querySelector('#values')).toBe(null);
    const { values } = await valuesOf(openOnnx(LENET));
    const section = parseHTML(await renderHtml({ ...full, values })).document.querySelector('#values');
    expect(section?.querySelectorAll('figure').length).toBe(7);
    expect(section?.querySelector('figcaption')?.textContent).toMatch(/input\s+input, .* to .*; fixed8\.\d/);
  });

  it('tells formats of layers and the noise of each, where weights were rounded to some', async () => {
    expect(document.querySelector('#table')?.textContent).not.toContain('format');
    const { comparison } = await compared(nastyModel(), [quantize({ weights: 'int4', by: 'channel' })]);
    const { document: rounded } = parseHTML(await renderHtml(comparison));
    const heads = [...rounded.querySelectorAll('#table th[data-column]')].map((head) => head.textContent);
    expect(heads.slice(-2)).toEqual(['format', 'SNR']);
    const cells = [...rounded.querySelectorAll('#table tbody td')].slice(-2);
    expect(cells[0]?.textContent).toBe('int4 by channel');
    expect(cells[0]?.getAttribute('data-value')).toBe('4');
    const [{ snr }] = comparison.rows;
    expect(snr).toBeGreaterThan(10);
    expect(snr).toBeCloseTo(comparison.layers[0]?.format?.snr ?? 0, 9);
    expect(cells[1]?.textContent).toBe(`${snr?.toFixed(1)} dB`);
    // By channel there are more values than anybody lists; by layer there are fifteen.
    const many = await compared(openOnnx(LENET), [quantize({ weights: 'int4', by: 'channel', include: ['fc2*'] })]);
    const [fc1, fc2] = many.comparison.layers;
    expect([fc1?.rounded, fc2?.centroids]).toEqual([null, null]);
    const { counts = [], below = 0, above = 0 } = fc2?.rounded ?? {};
    expect(counts.reduce((sum, count) => sum + count, below + above)).toBe(30_000);
    expect(comparison.layers[0]?.rounded).toBe(null);
    expect(renderMarkdown(comparison)).toContain(`| int4 by channel | ${snr?.toFixed(1)} dB |`);
  });

  it('has a label on every plot', () => {
    const plots = [...document.querySelectorAll('svg')];
    expect(plots.length).toBeGreaterThan(8);
    for (const svg of plots) {
      expect(svg.getAttribute('role')).toBe('img');
      expect(svg.getAttribute('aria-label')?.length).toBeGreaterThan(10);
      expect(svg.querySelector('style')).toBe(null);
      expect(svg.outerHTML).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it('loads nothing from anywhere', () => {
    const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to]) => to);
    expect(links.length).toBeGreaterThan(5);
    for (const to of links) expect(to).toMatch(/^(#[a-z]+|data:image\/png;base64,[\w+/=]+)$/);
    expect(page).not.toMatch(/https?:(?!\/\/www\.w3\.org\/)|@import|url\(/);
    expect(page).toMatch(/Content-Security-Policy" content="default-src &#39;none&#39;/);
  });

  it('shows what was measured', () => {
    const tiles = [...document.querySelectorAll('.tile')].map((tile) => tile.textContent);
    expect(tiles[0]).toContain(formatBytes(full.original.bytes));
    expect(tiles[2]).toContain(formatRatio(full.ratio));
    expect(tiles[3]).toMatch(/top-1 accuracy.*98\.50%.*95 %: 97\.5 to 99\.1; before 99\.00%/);
    expect(tiles[4]).toContain('99.10%');
    expect(document.querySelector('#baselines')?.textContent).toContain('brotli 11: not measured: larger than 64 MB.');
    const sections = [...document.querySelectorAll('section')].map(({ id }) => id);
    expect(sections).toEqual(['baselines', 'table', 'bytes', 'layers', 'sensitivity', 'frontier', 'origin']);
    const targets = [...document.querySelectorAll('nav a')].map((link) => link.getAttribute('href'));
    expect(targets).toEqual(sections.map((id) => `#${id}`));
  });

  it('leaves out what was not', async () => {
    const { comparison } = await compared(nastyModel(), []);
    const plain = parseHTML(await renderHtml(comparison)).document;
    expect([...plain.querySelectorAll('section')].map(({ id }) => id)).toEqual(['table', 'bytes', 'layers', 'origin']);
    expect(plain.querySelectorAll('.tile')).toHaveLength(3);
    expect(plain.querySelector('.map')).toBe(null);
  });

  it('is the same for the same facts, and not large', async () => {
    expect(await renderHtml(full)).toBe(page);
    const { comparison } = await compared(openOnnx(LENET), [prune({ density: 0.1 }), cluster()]);
    const length = (await renderHtml(comparison)).length;
    expect(length).toBeLessThan(150_000);
  });

  it('takes values of any kind', async () => {
    const odd = [new Float32Array(8), new Float32Array(8).fill(3), Float32Array.from([1e30, -1e-30, 0, 1, 2, 3, 4, 5])];
    const tensors = odd.map((values, i) => floats(`w${i}`, [1, 8], values));
    const nodes = tensors.map(({ name }, i) => node('MatMul', ['X', name], [`Y${i || ''}`]));
    const { comparison } = await compared(openOnnx(network('odd', ['batch', 1], nodes, [], tensors).bytes), []);
    const text = await renderHtml(comparison);
    expect(text.split('<script>')[0]).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('escaping', () => {
  it('leaves nothing that a parser could take for more', () => {
    expect(escapeHtml(NASTY)).toBe('&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;');
    expect(escapeHtml('a\u0000b\u001b[31m\n')).toBe('a\u{fffd}b\u{fffd}[31m\n');
  });
});

describe('a report as Markdown', () => {
  it('has the same figures as tables', () => {
    const text = renderMarkdown(full);
    expect(text).toMatch(/^# small\.fxq, [\d.]+× smaller\n/);
    expect(text).toContain('| top-1 accuracy | 99.00% | 98.50% | 95 %: 97.5 to 99.1 |');
    expect(text).toContain('| 400 (400 B) | 0.50 | chosen |');
    const widths = text
      .split('\n\n')
      .filter((block) => block.startsWith('|'))
      .map((block) => new Set(block.split('\n').map((line) => line.split(/(?<!\\)\|/).length)).size);
    expect(widths.length).toBeGreaterThan(5);
    expect(new Set(widths)).toEqual(new Set([1]));
    expect(text).not.toMatch(/(?<!`[^`]*)<script/);
  });

  it('keeps to a line what is a name', async () => {
    const { comparison } = await compared(nastyModel(), [], { file: 'a|b\n# c`_d_' });
    expect(renderMarkdown(comparison)).toContain('\na\\|b\u{fffd}# c\\`\\_d\\_ (');
  });
});

describe('a report as JSON', () => {
  it('is the record itself', () => {
    const { verdict, ...facts } = JSON.parse(renderJson(full));
    expect(facts).toEqual(JSON.parse(JSON.stringify(full)));
    expect(verdict).toEqual(verdictOf(full));
    expect(Object.keys(JSON.parse(renderJson(full)))).toEqual([
      ...[
        'verdict',
        'original',
        'compressed',
        'ratio',
        'snr',
        'accuracy',
        'tensors',
        'overhead',
        'rows',
        'total',
        'parts',
        'layers',
      ],
      ...[
        'otherLayers',
        'baselines',
        'sensitivity',
        'frontier',
        'footprint',
        'values',
        'warnings',
        'stages',
        'provenance',
      ],
    ]);
  });
});
