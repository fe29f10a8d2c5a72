import { formatBytes, formatCount, formatRatio, formatShare } from '../../inspect/format.js';
import type { Comparison } from '../comparison.js';
import { verdictOf } from '../verdict.js';
import { answerFigures, exactBytes, headline } from '../words.js';
import { baselineSection } from './baselines.js';
import { bytesSection } from './bytes.js';
import { frontierSection } from './frontier.js';
import { layersSection } from './layers.js';
import { html, Markup } from './markup.js';
import { memorySection } from './memory.js';
import { originSection } from './origin.js';
import { loadPlotter } from './plotter.js';
import { SCRIPT } from './script.js';
import { sensitivitySection } from './sensitivity.js';
import { STYLE } from './style.js';
import { tableSection } from './table.js';
import { valuesSection } from './values.js';

/**
 * The comparison as one HTML file: no network, readable without script, light and dark, on phones and on paper.
 *
 * @example
 * await writeFile('report.html', await renderHtml(comparison));
 */
export async function renderHtml(comparison: Comparison): Promise<string> {
  const plotter = await loadPlotter();
  const verdict = verdictOf(comparison);
  const sections = [
    baselineSection(comparison, plotter),
    tableSection(comparison),
    bytesSection(comparison, plotter),
    layersSection(comparison, plotter),
    valuesSection(comparison, plotter),
    sensitivitySection(comparison, plotter),
    frontierSection(comparison, plotter),
    memorySection(comparison, plotter),
    originSection(comparison),
  ].filter((section) => section !== undefined);
  const title = headline(comparison);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${await policy()}">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<header>
<p class="over">${comparison.original.file} → ${comparison.compressed.file}</p>
<h1>${title}</h1>
<div class="verdict ${verdict.answer}"><h2>Can I ship this? <span>${verdict.headline}</span></h2>
${verdict.reasons.length > 0 && html`<ul>${verdict.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}</div>
${tiles(comparison)}
<nav aria-label="Sections">${sections.map(({ id, title: name }) => html`<a href="#${id}">${name}</a>`)}</nav>
</header>
${sections.map(
  ({ id, title: name, intro, body }) => html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${name}</h2>
<p class="intro">${intro}</p>
${body}</section>
`,
)}</main>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

/** Nothing is loaded from anywhere, and no script runs but the page's own. */
async function policy(): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(SCRIPT));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'`;
}

/** The figures that everybody asks for. */
function tiles({ original, compressed, ratio, accuracy }: Comparison): Markup {
  const tile = (name: string, value: string | Markup, note: string | Markup, kind = '') =>
    html`<div class="tile ${kind}"><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>\n`;
  const figures = accuracy ? answerFigures(accuracy) : [];
  const decisions = figures.filter(
    ({ name }) => name === 'top-1 accuracy' || name === 'same answers' || name.endsWith('lost'),
  );
  // How far outputs are off says little where it is decided by them.
  const answers = decisions.length > 0 ? decisions : figures;
  return html`<dl class="tiles">
${tile('original', formatBytes(original.bytes), exactBytes(original.bytes))}${tile(
  'compressed',
  formatBytes(compressed.bytes),
  exactBytes(compressed.bytes),
)}${tile('smaller by', formatRatio(ratio), `${formatShare(compressed.bytes / original.bytes)} of the original`, 'main')}${answers.map(
  ({ name, before, after, note, isClearly }) => {
    // One sample more or less is no colour.
    const figure = isClearly ? html`<span class="${isClearly === 'worse' ? 'bad' : 'good'}">${after}</span>` : after;
    return tile(name, figure, before === '' ? note : `${note}; before ${before}`);
  },
)}</dl>
${accuracy && html`<p class="note">Answers measured on ${formatCount(accuracy.compressed.samples)} samples of ${accuracy.data}.</p>`}`;
}
