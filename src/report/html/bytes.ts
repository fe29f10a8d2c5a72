import type { TensorReport } from '../../inspect/figures.js';
import { formatBytes, formatCount, formatShare } from '../../inspect/format.js';
import { sizeOf } from '../../inspect/totals.js';
import type { Comparison } from '../comparison.js';
import { exactBytes } from '../words.js';
import { type Area, drawAreas } from './areas.js';
import { drawBars, drawParts } from './bars.js';
import { html } from './markup.js';
import type { Plotter } from './plotter.js';
import { key, MOST_BARS, type Section, twice } from './section.js';

/** Each part's colour and what it holds. */
const PARTS: Record<string, { color: string; words: string }> = {
  weights: { color: 'var(--p1)', words: 'which value each weight has' },
  indices: { color: 'var(--p2)', words: 'where the kept weights stand, and codes of zeros' },
  'other tensors': { color: 'var(--p3)', words: 'biases, normalisation and the like' },
  codebooks: { color: 'var(--p4)', words: 'the shared values themselves' },
  'code tables': { color: 'var(--p5)', words: 'the Huffman codes' },
  header: { color: 'var(--p6)', words: 'names, shapes and places of tensors' },
  skeleton: { color: 'var(--p7)', words: 'the model file without its tensors: graph, operators, small constants' },
};

/** What the file's bytes are for, and what each layer took before and takes now. */
export function bytesSection({ parts, tensors, compressed }: Comparison, plotter: Plotter): Section {
  const colored = parts.map((part) => ({ ...part, ...PARTS[part.name] }));
  const toBar = (name: string, of: readonly TensorReport[]) => {
    const [before, after] = [
      of.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0),
      of.reduce((sum, tensor) => sum + sizeOf(tensor), 0),
    ];
    return {
      label: name,
      note: `${formatBytes(before)} → ${after === 0 ? 'in the skeleton' : formatBytes(after)}`,
      bars: [
        { value: before, color: 'var(--before)' },
        { value: after, color: 'var(--accent)' },
      ],
    };
  };
  const areas = areasOf({ parts, tensors });
  const weights = tensors.filter(({ role }) => role === 'weight').sort((a, b) => b.payloadBytes - a.payloadBytes);
  const others = tensors.filter(({ role }) => role !== 'weight');
  const most = weights.length > MOST_BARS + 1 ? MOST_BARS : weights.length;
  const rest = weights.slice(most);
  const rows = weights.slice(0, most).map((tensor) => toBar(tensor.name, [tensor]));
  if (rest.length > 0) rows.push(toBar(`${formatCount(rest.length)} smaller layers`, rest));
  if (others.length > 0) rows.push(toBar(`other tensors (${formatCount(others.length)})`, others));
  return {
    id: 'bytes',
    title: 'Where the bytes go',
    intro: `What the ${exactBytes(compressed.bytes)} of the compressed file are for, layer by layer and by what they are; and what the weights of each layer took before and take now.`,
    body: html`${twice((width) => drawAreas(plotter, 'Bytes of the compressed file: a rectangle for each layer', areas, width))}
<p class="note">Each layer of weights, all other tensors, and what is no tensor (names, graph): areas are bytes of the compressed file. Below, the same bytes by what they are for.</p>
${twice((width) => drawParts(plotter, 'Parts of the compressed file', colored, width))}
<div class="box"><table class="legend"><tbody>
${colored.map(
  ({ name, bytes, color, words }) =>
    html`<tr><th scope="row"><span class="swatch" style="--c: ${color}"></span>${name} <span class="muted">${words}</span></th><td>${exactBytes(bytes)}</td><td>${formatShare(bytes / compressed.bytes)}</td></tr>\n`,
)}</tbody></table></div>
<ul class="keys" style="margin-top: 32px">${key('var(--before)', 'before')}${key('var(--accent)', 'after')}</ul>
${twice((width) => drawBars(plotter, 'Bytes of each tensor before and after', rows, width))}`,
  };
}

/** The file's bytes by tensor: together all of them. */
function areasOf({ parts, tensors }: Pick<Comparison, 'parts' | 'tensors'>): Area[] {
  const weights = tensors.filter(({ role }) => role === 'weight');
  const others = tensors.filter(({ role }) => role !== 'weight');
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const sized = (of: readonly TensorReport[]) => of.reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  return [
    ...weights.map((tensor) => ({ name: tensor.name, bytes: sizeOf(tensor), color: PARTS.weights.color })),
    { name: 'other tensors', bytes: sized(others), color: PARTS['other tensors'].color },
    { name: 'no tensor', bytes: total - sized(tensors), color: PARTS.skeleton.color },
  ];
}
