// Keeps what a benchmark prints in a file of bench/results/: a section of Markdown for each of its parts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Puts a section into a file, in the place of the one of the same heading or behind all others. Figures that stand in columns are
 * fenced; what has a table is Markdown as it is.
 *
 * @param {string} file
 * @param {string} heading
 * @param {readonly string[]} lines
 */
export function keepSection(file, heading, lines) {
  const text = lines.join('\n').trim();
  const body = /^\|/m.test(text) ? text : `\`\`\`\n${text}\n\`\`\``;
  const section = `## ${heading}\n\n${body}\n`;
  const [head, ...sections] = (existsSync(file) ? readFileSync(file, 'utf8') : '').split(/^(?=## )/m);
  const at = sections.findIndex((each) => each.startsWith(`## ${heading}\n`));
  if (at >= 0) sections[at] = section;
  else sections.push(section);
  writeFileSync(
    file,
    [head, ...sections]
      .map((each) => each.trim())
      .join('\n\n')
      .trim()
      .concat('\n'),
  );
}
