import { stripVTControlCharacters } from 'node:util';
import { expect, it, vi } from 'vitest';
import { unknownAnswers } from '../../src/cli/answers.js';
import { reportSummary } from '../../src/cli/summary.js';
import { createTerminal } from '../../src/cli/terminal.js';
import { wrapHanging } from '../../src/cli/wrap.js';

/** A terminal of 80 columns, or no terminal, and what was written to it. */
function written(isTTY: boolean) {
  const text: string[] = [];
  const stream = { write: (more: string | Uint8Array) => text.push(String(more)), isTTY, columns: 80 };
  const terminal = createTerminal({ stdout: stream, stderr: stream }, false);
  // Colours are no text.
  return { terminal, text: () => stripVTControlCharacters(text.join('')) };
}

const output = `${'a long name '.repeat(6)}.fxq`;
const summary = {
  ...{ input: 'model.onnx', output, inputBytes: 2000, outputBytes: 1000, ratio: 2, stages: [] },
  answers: unknownAnswers('model.onnx', output),
};

it('leaves a command that is to be copied in one line of its own', async () => {
  const { terminal, text } = written(true);
  await reportSummary(terminal, {}, { summary });
  const lines = text().split('\n');
  const at = lines.indexOf('answers: not measured; this tells:');
  expect(lines[at + 1]).toBe(`  fxq-compress evaluate '${output}' --reference model.onnx --data DATA`);
  const piped = written(false);
  await reportSummary(piped.terminal, {}, { summary });
  expect(piped.text()).toContain(`this tells: fxq-compress evaluate '${output}' --reference model.onnx --data DATA\n`);
});

it('warns of answers that were not measured where no coloured line of a terminal has told so', async () => {
  const [terminal, piped] = [written(true), written(false)];
  for (const each of [terminal, piped]) await reportSummary(each.terminal, {}, { summary, isBold: true });
  expect(terminal.text()).not.toContain('warning');
  expect(piped.text()).toMatch(/\nwarning: accuracy was not measured\n$/);
});

it('ends no line in spaces that stood between words', () => {
  expect(wrapHanging('lost 1.56 points  (0.9 s)', 17)).toBe('lost 1.56 points\n  (0.9 s)');
});

it('guesses what is left from when the work began, not from when it was announced', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const { terminal, text } = written(true);
    const draw = terminal.progress('compress');
    vi.advanceTimersByTime(600_000);
    draw(0);
    vi.advanceTimersByTime(10_000);
    draw(0.5);
    expect(text()).toMatch(/compress .* 50%, about 10 s left$/);
  } finally {
    vi.useRealTimers();
  }
});
