// @ts-check
/**
 * Walk through a heat strip with the arrow keys; one stop of the Tab key is enough for all of it.
 *
 * Markup it expects: a `table.heat` whose cells hold `a.cell`.  Without this script each cell is a stop of its own.
 */

/** @param {HTMLTableElement} table */
function begin(table) {
  const cells = /** @type {NodeListOf<HTMLAnchorElement>} */ (table.querySelectorAll("a.cell"));
  if (!cells.length || table.classList.contains("walks")) return;
  table.classList.add("walks");
  for (const cell of cells) cell.tabIndex = -1;
  const first = /** @type {HTMLAnchorElement} */ (table.querySelector("tbody tr td:last-child a.cell") ?? cells[0]);
  first.tabIndex = 0;
  const box = table.parentElement;
  if (box) box.scrollLeft = box.scrollWidth;
}

/**
 * The next cell in one direction that holds a link.
 * @param {HTMLTableCellElement} from
 * @param {number} down
 * @param {number} right
 */
function next(from, down, right) {
  const rows = /** @type {HTMLTableSectionElement} */ (from.closest("tbody")).rows;
  let row = /** @type {HTMLTableRowElement} */ (from.parentElement).sectionRowIndex + down;
  let column = from.cellIndex + right;
  while (rows[row]?.cells[column]) {
    const found = rows[row].cells[column].querySelector("a.cell");
    if (found) return /** @type {HTMLAnchorElement} */ (found);
    row += down;
    column += right;
  }
  return null;
}

/** @type {Record<string, [number, number]>} */
const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

document.addEventListener("keydown", (event) => {
  const here = event.target instanceof HTMLAnchorElement ? event.target.closest("table.heat td") : null;
  const way = KEYS[event.key];
  if (!here || !way || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = next(/** @type {HTMLTableCellElement} */ (here), ...way);
  event.preventDefault();
  if (!to) return;
  /** @type {HTMLElement} */ (event.target).tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
});

for (const table of document.querySelectorAll("table.heat")) begin(/** @type {HTMLTableElement} */ (table));
document.addEventListener("htmx:afterSettle", () => {
  for (const table of document.querySelectorAll("table.heat")) begin(/** @type {HTMLTableElement} */ (table));
});
