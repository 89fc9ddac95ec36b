// @ts-check
/**
 * Draw the charts of a page with Vega, which is only loaded where there is one.
 *
 * Markup it expects: `figure.chart` with a `.chart-drawing` whose `data-chart` is Vega-Lite as JSON, and a
 * `details.chart-data` that holds the same as a table, open for those who have no scripts.  The address of
 * Vega stands in `data-vega` of `body` or of an element above the chart.
 */

/** @type {Promise<any> | undefined} */
let loading;

/** @param {string} address */
function vega(address) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(Reflect.get(window, "vegaEmbed"));
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

/** Colours are the page's tokens, so that light and dark are the browser's business. */
const LOOK = {
  background: null,
  font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  padding: { left: 4, right: 10, top: 6, bottom: 4 },
  view: { stroke: null },
  axis: {
    labelColor: "var(--faint)", titleColor: "var(--soft)", titleFontWeight: 500, titleFontSize: 12, labelFontSize: 11.5,
    gridColor: "var(--line)", domainColor: "var(--edge)", tickColor: "var(--edge)", titlePadding: 8, labelOverlap: true,
  },
  axisX: { grid: false },
  axisY: { domain: false, ticks: false, tickCount: 5 },
  legend: {
    labelColor: "var(--soft)", title: null, orient: "top", direction: "horizontal", labelFontSize: 12, offset: 6, padding: 0,
    symbolStrokeWidth: 2, labelLimit: 260, columnPadding: 20, symbolSize: 180,
  },
};

/** @param {HTMLElement} place */
async function draw(place) {
  const spec = JSON.parse(place.dataset.chart ?? "{}");
  const address = place.closest("[data-vega]")?.getAttribute("data-vega") ?? "";
  const table = /** @type {HTMLDetailsElement | null} */ (place.closest(".chart")?.querySelector(".chart-data"));
  const columns = Math.max(1, Math.floor(place.clientWidth / 190));
  const config = { ...LOOK, legend: { ...LOOK.legend, columns, layout: { top: { direction: "vertical", anchor: "start", margin: 4 } } } };
  try {
    const embed = await vega(address);
    await embed(place, spec, {
      ast: true, actions: false, renderer: "svg", defaultStyle: false, config, tooltip: { disableDefaultStyle: true },
    });
    place.classList.add("is-drawn");
    if (table) table.open = false;
  } catch {
    place.hidden = true;
  } finally {
    table?.classList.remove("waits");
  }
}

/** @param {ParentNode} within */
function every(within) {
  for (const place of within.querySelectorAll(".chart-drawing:not(.begun)")) {
    place.classList.add("begun");
    draw(/** @type {HTMLElement} */ (place));
  }
}

every(document);
document.addEventListener("htmx:afterSettle", () => every(document));
