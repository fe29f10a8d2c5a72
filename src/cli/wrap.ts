/** A text in lines of at most so many characters, as far as its words allow: none is broken. */
export function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if ([...line].length > width && lines.at(-1) !== '') lines.push(word);
    else lines[lines.length - 1] = line;
  }
  // Several spaces between words are for one line: at the end of one they are nothing.
  return lines.map((line) => line.trimEnd());
}

/** The same with its own indentation, and lines after the first that stand so far to the right of it. */
export function wrapHanging(text: string, width: number, hang = 2): string {
  const indent = text.length - text.trimStart().length;
  const room = Math.max(1, width - indent - hang);
  const [first, ...rest] = wrap(text.trimStart(), width - indent);
  const rests = rest.length > 0 ? wrap(rest.join(' '), room) : [];
  const lines = [' '.repeat(indent) + first, ...rests.map((line) => ' '.repeat(indent + hang) + line)];
  return lines.join('\n');
}
