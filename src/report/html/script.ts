/** All that the page does with script: the heads of the per-layer table become buttons that sort it. */
export const SCRIPT = `
for (const hint of document.querySelectorAll('.sorts')) hint.hidden = false;
for (const table of document.querySelectorAll('table.sortable')) {
  const body = table.tBodies[0];
  const collator = new Intl.Collator(undefined, { numeric: true });
  const heads = [...table.querySelectorAll('th[data-column]')];
  const order = (column, isUp) => (a, b) => {
    const [x, y] = [a, b].map((row) => row.cells[column].dataset.value);
    // What has no figure stays below, whichever way the others go.
    if (x === '' || y === '') return (x === '') - (y === '');
    const difference = x === undefined
      ? collator.compare(a.cells[column].textContent, b.cells[column].textContent)
      : x - y;
    return isUp ? difference : -difference;
  };
  for (const head of heads) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const column = Number(head.dataset.column);
      const before = head.getAttribute('aria-sort');
      // Names from A on first, figures from the largest on.
      const isUp = before ? before === 'descending' : column === 0;
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', isUp ? 'ascending' : 'descending');
      body.append(...[...body.rows].sort(order(column, isUp)));
    });
  }
}
`;
