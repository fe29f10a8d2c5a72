import type { Comparison } from '../comparison.js';
import { exactBytes } from '../words.js';
import { html, type Markup } from './markup.js';
import type { Section } from './section.js';

/** How the model and the report were made. */
export function originSection({ stages, provenance, compressed }: Comparison): Section {
  const fact = (name: string, value: Markup) => html`<dt>${name}</dt><dd>${value}</dd>\n`;
  const records =
    stages.length > 0
      ? html`<ol>${stages.map((stage) => html`<li><code>${stage}</code></li>`)}</ol>`
      : html`no stage has left a record: the weights are the original’s, or were changed by other means`;
  return {
    id: 'origin',
    title: 'How it was made',
    intro: 'What the stages have recorded in the model itself, and what this report was made from.',
    body: html`<dl class="facts">
${fact('stages', records)}${fact('format', html`${compressed.kind === 'fxq' ? 'a .fxq container' : 'an ONNX file, not coded yet'}`)}${
  provenance &&
  html`${fact('this report', html`<code>${provenance.command}</code>`)}${fact(
    'versions',
    html`${Object.entries(provenance.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
  )}${provenance.hashes.map(({ file, bytes, sha256 }) =>
    fact('SHA-256', html`${file}, ${exactBytes(bytes)}<br><code class="hash">${sha256}</code>`),
  )}`
}</dl>
`,
  };
}
