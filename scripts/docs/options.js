// Prints the options of the stages as a table of Markdown, from what the stages declare: a block of docs/options.md.
import { describe } from '../../build/options/text.js';
import { STAGES } from '../../build/stages/registry.js';

const rows = STAGES.flatMap(({ name, options, alternatives, perLayer }) =>
  Object.entries(options).map(([key, option]) => {
    const others = alternatives.indexOf(key) > 0 ? 'or: ' : '';
    return [`\`${name}\``, `\`${key}\``, `${others}${describe(option)}`, perLayer.includes(key) ? 'yes' : 'no'];
  }),
);
const lines = [['stage', 'option', '', 'in rules for layers'], ['---', '---', '---', '---'], ...rows];
console.log(lines.map((cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |')).join('\n'));
