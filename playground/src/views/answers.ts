import { html } from '../dom.js';
import { percent } from '../format.js';
import type { Answers } from '../protocol.js';

/** How alike two models answer, in words. */
export function answersView({ samples, agreement, meanAbsDiff, kind, loss, warnings }: Answers): Node[] {
  const facts: [string, string][] = [
    ...(agreement === null ? [] : [['decide alike', percent(agreement)] as [string, string]]),
    ...(meanAbsDiff === null ? [] : [['mean difference', meanAbsDiff.toPrecision(2)] as [string, string]]),
    ['inputs', `${samples}`],
  ];
  const list = html(
    'dl',
    {},
    ...facts.map(([term, value]) => html('div', {}, html('dt', {}, term), html('dd', {}, value))),
  );
  const notes = [kind && `judged as ${kind}`, loss, ...warnings].filter((note) => note);
  return [list, ...notes.map((note) => html('p', { class: 'note' }, `${note}`))];
}
