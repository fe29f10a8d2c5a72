import { execFileSync } from 'node:child_process';

const COLOURS = ['#1c1b22', '#d7324a', '#2a9d57', '#b8860b', '#3b6fd9', '#9b4dca', '#1f9aa8', '#8a8794'];

const ESCAPE = String.fromCharCode(27);
const SEQUENCE = new RegExp(`(${ESCAPE}\\[[\\d;?]*[A-Za-z])`);
/** What a line begins anew after. */
const DRAWN_OVER = new RegExp(`\r|${ESCAPE}\\[2?K`);

/** What a command prints at a terminal of so many columns, colours included. Needs `script` of util-linux. */
export function printed(command, columns, cwd) {
  const words = ['-qec', `stty cols ${columns} rows 50; ${command}`, '/dev/null'];
  const env = { ...process.env, TERM: 'xterm-256color', COLUMNS: undefined, NO_COLOR: undefined, CI: undefined };
  /** @type {import('node:child_process').ExecFileSyncOptionsWithStringEncoding} */
  const options = { cwd, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] };
  try {
    return execFileSync('script', words, options);
  } catch (problem) {
    return problem.stdout;
  }
}

/** A page that looks as the terminal did in the end: bars that were drawn over are gone. */
export function terminalPage(command, text, columns) {
  const lines = text.split('\n').map((line) => {
    const last = line.replace(/\r+$/, '').split(DRAWN_OVER).at(-1) ?? '';
    return coloured(last);
  });
  return `<!doctype html><meta charset="utf-8"><style>
    :root { color-scheme: light dark; background: light-dark(#fff, #16151c); color: light-dark(#1c1b22, #e6e4ee) }
    body { margin: 16px; width: ${columns}ch; font: 15px/1.35 'DejaVu Sans Mono', monospace; outline: 1px dotted #8888 }
    pre { margin: 0; font: inherit } b { color: #6d4aff }
  </style><pre><b>$ ${escaped(command)}</b>\n${lines.join('\n')}</pre>`;
}

function coloured(line) {
  let style = '';
  return line
    .split(SEQUENCE)
    .map((piece) => {
      const codes = /\[([\d;]*)m$/.exec(piece)?.[1].split(';').map(Number);
      if (piece.startsWith(ESCAPE)) {
        for (const code of codes ?? []) {
          if (code === 0 || code === 22 || code === 39) style = '';
          else if (code === 1) style += 'font-weight:bold;';
          else if (code === 2) style += 'opacity:.6;';
          else if (code >= 30 && code < 38) style += `color:${COLOURS[code - 30]};`;
          else if (code >= 90 && code < 98) style += `color:${COLOURS[code - 90]};`;
        }
        return '';
      }
      return style ? `<span style="${style}">${escaped(piece)}</span>` : escaped(piece);
    })
    .join('');
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
