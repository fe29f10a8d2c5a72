/** How the page looks: one column that fits a phone, light or dark as the reader's system is, and on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1a2027; --muted: #5b6673; --rule: #dfe3e8; --soft: #edf0f4;
  --accent: #2458d3; --before: #b3bcc8; --good: #17753f; --bad: #b3261e; --shade: #1a202733;
  --p1: #2458d3; --p2: #0f8a83; --p3: #6e7b8a; --p4: #b86a00; --p5: #8a46c9; --p6: #c23b78; --p7: #9aa5b1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101418; --card: #181d23; --text: #e7ebf0; --muted: #9ba7b4; --rule: #2c343d; --soft: #232a32;
    --accent: #7ba4ff; --before: #56616e; --good: #6fd197; --bad: #ff8f86; --shade: #000000a0;
    --p1: #7ba4ff; --p2: #45c4bb; --p3: #8895a4; --p4: #e5a13f; --p5: #bd8df0; --p6: #f086b2; --p7: #5b6673;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
main { max-width: 1040px; margin: 0 auto; padding: 40px 24px 64px; }
a { color: var(--accent); text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
h1, h2, h3, p, figure, dl, dd, ul, ol { margin: 0; padding: 0; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 21px; line-height: 1.3; letter-spacing: -0.01em; }
h3 { font-size: 15px; line-height: 1.4; font-weight: 600; overflow-wrap: anywhere; }
code { font: 0.875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.over { color: var(--muted); font-size: 14px; margin-bottom: 4px; }
.over, .facts { overflow-wrap: anywhere; }
.muted, .intro, figcaption, .note { color: var(--muted); }
.intro { max-width: 70ch; margin-top: 6px; }
figcaption, .note { font-size: 14px; line-height: 1.5; max-width: 76ch; }
.note { margin-top: 12px; }
nav { margin-top: 20px; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14px; }
section { margin-top: 24px; background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 24px; }
section > figure, section > .box, section > .grid, section > details, section > dl, section > ol { margin-top: 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; margin-top: 28px; }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 16px 18px; }
.tile dt { color: var(--muted); font-size: 14px; }
.tile dd { font-size: 28px; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em; white-space: nowrap; }
.tile dd small { display: block; font-size: 13px; line-height: 1.45; font-weight: 400; letter-spacing: 0; color: var(--muted); white-space: normal; }
.tile.main dd { color: var(--accent); }
.verdict { margin-top: 24px; padding: 16px 18px; background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--muted); border-radius: 12px; }
.verdict h2 span { display: block; font-weight: 400; }
.verdict.yes { border-left-color: var(--good); } .verdict.yes h2 span { color: var(--good); }
.verdict.no { border-left-color: var(--bad); } .verdict.no h2 span { color: var(--bad); }
.verdict ul { margin-top: 8px; padding-left: 20px; font-size: 14px; color: var(--muted); overflow-wrap: anywhere; }
/* What scrolls shows a shadow on the side that hides something: two that stand, two covers that move with the content. */
.box {
  overflow-x: auto; margin-inline: -24px; padding-inline: 24px;
  background: linear-gradient(90deg, var(--card) 30%, transparent) left / 48px 100% local no-repeat,
    linear-gradient(270deg, var(--card) 30%, transparent) right / 48px 100% local no-repeat,
    linear-gradient(90deg, var(--shade), transparent) left / 14px 100% scroll no-repeat,
    linear-gradient(270deg, var(--shade), transparent) right / 14px 100% scroll no-repeat;
}
.words { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 280px), 1fr)); gap: 4px 20px; margin-top: 16px; font-size: 13px; color: var(--muted); }
.words dt { display: inline; font-weight: 600; } .words dt::after { content: ': '; } .words dd { display: inline; }
th small { display: block; white-space: nowrap; font-size: 12px; color: var(--muted); }
table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.4; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; color: var(--muted); font-size: 13px; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead tr:not(:last-child) th { border-bottom: 0; padding-bottom: 0; }
thead th.group { text-align: center; }
thead th.group span { display: block; border-bottom: 1px solid var(--rule); padding-bottom: 3px; }
tbody th, tfoot th { color: var(--text); font-weight: 400; font-size: 14px; }
tbody th, tfoot th { white-space: normal; overflow-wrap: anywhere; min-width: 130px; }
tbody tr:hover { background: var(--soft); }
tfoot tr:last-child > * { font-weight: 650; border-bottom: 0; border-top: 1px solid var(--muted); }
tfoot .others { color: var(--muted); }
tfoot .others th { color: var(--muted); }
th button { all: unset; cursor: pointer; color: inherit; font: inherit; border-radius: 4px; position: relative; }
th button:hover { color: var(--text); text-decoration: underline; text-underline-offset: 3px; }
th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
th[aria-sort] { color: var(--text); }
th[aria-sort] button::after { position: absolute; left: 100%; padding-left: 2px; content: '↓'; }
th[aria-sort='ascending'] button::after { content: '↑'; }
@media screen {
  .tall { max-height: 80vh; overflow-y: auto; }
  .tall thead { position: sticky; top: 0; z-index: 1; background: var(--card); }
  .tall tfoot { position: sticky; bottom: 0; background: var(--card); }
  .tall tfoot tr:first-child > * { box-shadow: 0 -1px 0 var(--muted); }
  .tall thead tr:last-child th { box-shadow: 0 1px 0 var(--rule); }
}
.legend { width: auto; min-width: min(100%, 340px); margin-top: 16px; }
.legend th { padding-left: 22px !important; text-indent: -22px; }
.swatch, .muted { text-indent: 0; }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 11px; vertical-align: -1px; background: var(--c); }
.keys { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--muted); margin-bottom: 10px; list-style: none; }
svg.plot { display: block; width: 100%; height: auto; overflow: visible; font-variant-numeric: tabular-nums; }
svg.plot text { white-space: pre; }
.wide { display: none; }
@media (min-width: 720px) { .wide { display: block; } .narrow { display: none; } }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 290px), 1fr)); gap: 28px 28px; }
.layer { min-width: 0; break-inside: avoid; }
.layer figcaption { font-size: 13px; margin-bottom: 6px; }
.layer h3 { color: var(--text); }
.layer .map { margin-top: 10px; }
details > summary { cursor: pointer; color: var(--accent); font-size: 14px; }
details[open] > summary { margin-bottom: 10px; }
details ul { columns: 280px; font-size: 13px; list-style: none; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 8px 20px; font-size: 14px; }
.facts dt { color: var(--muted); }
.facts ol { padding-left: 18px; }
.hash { color: var(--muted); font-size: 12px; }
.good { color: var(--good); }
.bad { color: var(--bad); }
@media screen and (max-width: 719px) {
  main { padding: 24px 14px 40px; }
  h1 { font-size: 24px; }
  section { padding: 18px 16px; margin-top: 16px; }
  .box { margin-inline: -16px; padding-inline: 0 16px; }
  .box th:first-child, .box td:first-child { padding-left: 16px; }
  .box .legend th { padding-left: 38px !important; }
  .legend .muted { display: block; font-size: 12px; line-height: 1.35; }
  .tile:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 10px; margin-top: 20px; }
  .tile { padding: 12px 14px; }
  .tile dd { font-size: 22px; }
  .facts { grid-template-columns: 1fr; gap: 2px; }
  .facts dd { margin-bottom: 10px; }
  .sticky th:first-child { position: sticky; left: 0; background: var(--card); box-shadow: 1px 0 0 var(--rule); min-width: 40vw; max-width: 46vw; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --card: #fff; --text: #000; --muted: #444; --rule: #bbb; --soft: #fff;
    --accent: #2458d3; --before: #b3bcc8; --good: #17753f; --bad: #b3261e;
    --p1: #2458d3; --p2: #0f8a83; --p3: #6e7b8a; --p4: #b86a00; --p5: #8a46c9; --p6: #c23b78; --p7: #9aa5b1;
  }
  @page { margin: 14mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  nav, .sorts { display: none; }
  section { border: 0; border-radius: 0; padding: 0; margin-top: 24px; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(110px, 1fr)); gap: 8px; margin-top: 16px; }
  .tile { padding: 8px 10px; }
  .tile dd { font-size: 17pt; }
  h1 { font-size: 20pt; }
  h2 { font-size: 14pt; }
  .box { overflow: visible; margin: 0; padding: 0; }
  .wide { display: block; } .narrow { display: none; }
  .grid { grid-template-columns: 1fr 1fr; }
  h2, h3, figcaption, .intro { break-after: avoid; }
  figure.whole, .tiles, tr { break-inside: avoid; }
  table { font-size: 8.5pt; }
  th, td { padding: 4px 6px; }
  tbody th, tfoot th { font-size: 8.5pt; min-width: 90px; }
}
`;
