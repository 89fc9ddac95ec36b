// @ts-check
/**
 * Pan, zoom and trace a lineage drawing that the server has already drawn.
 *
 * Markup it expects: a `.graph` that holds an `svg.lineage` with a `viewBox`, whose `.card`s carry `data-card` and
 * whose `.edge`s carry `data-from` and `data-to`, all naming cards; rows with edges are `.port`s that carry `data-port`,
 * and their edges `data-out` and `data-in` as well.  Without it the drawing scrolls in its box.
 */

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

const LEAST = 0.2;
const READABLE = 0.6;
const MOST = 3;

/**
 * Return everything on a path through `start`, walking one way at a time, and the edges that lead there.
 * @param {Element[]} edges
 * @param {string} start
 * @param {[string, string]} ends the attributes that name where an edge begins and ends
 */
function path(edges, start, [out, into]) {
  const names = new Set([start]);
  const lines = new Set();
  for (const [here, there] of [[out, into], [into, out]]) {
    const seen = new Set([start]);
    const open = [start];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      for (const edge of edges) {
        if (edge.getAttribute(here) !== name) continue;
        lines.add(edge);
        const next = edge.getAttribute(there) ?? "";
        if (seen.has(next)) continue;
        seen.add(next);
        names.add(next);
        open.push(next);
      }
    }
  }
  return { names, lines };
}

/** @param {SVGSVGElement} svg */
function trace(svg) {
  const edges = [...svg.querySelectorAll(".edge")];
  const cards = [...svg.querySelectorAll(".card")];
  const ports = [...svg.querySelectorAll(".port")];

  /** @param {Event} event */
  const show = (event) => {
    const at = event.target instanceof Element ? event.target.closest(".port, .card, .edge") : null;
    svg.classList.toggle("tracing", at !== null);
    if (!at) return;
    const by = (at.getAttribute("data-port") ?? at.getAttribute("data-in")) !== null;
    const from = at.getAttribute("data-port") ?? at.getAttribute("data-card") ?? at.getAttribute(by ? "data-in" : "data-to") ?? "";
    const on = path(edges, from, by ? ["data-out", "data-in"] : ["data-from", "data-to"]);
    for (const edge of edges) edge.classList.toggle("on-path", on.lines.has(edge));
    for (const port of ports) port.classList.toggle("on-path", !by || on.names.has(port.getAttribute("data-port") ?? ""));
    const lit = new Set(on.names);
    for (const name of on.names) lit.add(name.split("r")[0]);
    for (const card of cards) card.classList.toggle("on-path", lit.has(card.getAttribute("data-card") ?? ""));
  };
  const hide = () => svg.classList.remove("tracing");
  svg.addEventListener("pointerover", show);
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("focusin", show);
  svg.addEventListener("focusout", hide);
}

/**
 * Show the drawing through a window that moves and grows.
 * @param {HTMLElement} frame
 * @param {SVGSVGElement} svg
 */
function move(frame, svg) {
  const whole = svg.viewBox.baseVal;
  const start = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
  /** @type {number} */
  let scale = 1;
  let x = start.x;
  let y = start.y;

  const draw = () => {
    const width = frame.clientWidth / scale;
    const height = frame.clientHeight / scale;
    svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
    svg.setAttribute("width", String(frame.clientWidth));
    svg.setAttribute("height", String(frame.clientHeight));
  };
  /**
   * @param {number} to
   * @param {number} atX
   * @param {number} atY
   */
  const zoom = (to, atX = frame.clientWidth / 2, atY = frame.clientHeight / 2) => {
    const next = Math.min(MOST, Math.max(LEAST, to));
    x += atX / scale - atX / next;
    y += atY / scale - atY / next;
    scale = next;
    draw();
  };
  const fit = () => {
    scale = Math.min(1, Math.max(LEAST, Math.min(frame.clientWidth / start.width, frame.clientHeight / start.height)));
    x = start.x - (frame.clientWidth / scale - start.width) / 2;
    y = start.y - (frame.clientHeight / scale - start.height) / 2;
    draw();
  };

  frame.classList.add("moves");
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = frame.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - at.x, event.clientY - at.y);
  }, { passive: false });

  /** @type {{ x: number, y: number, moved: boolean } | null} */
  let held = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button === 0) held = { x: event.clientX, y: event.clientY, moved: false };
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    const [right, down] = [event.clientX - held.x, event.clientY - held.y];
    if (!held.moved && Math.hypot(right, down) < 4) return;
    x -= right / scale;
    y -= down / scale;
    held = { x: event.clientX, y: event.clientY, moved: true };
    frame.classList.add("held");
    draw();
  });
  addEventListener("pointerup", () => {
    if (held?.moved) addEventListener("click", (event) => event.preventDefault(), { capture: true, once: true });
    setTimeout(() => frame.classList.remove("held"));
    held = null;
  });
  frame.addEventListener("dragstart", (event) => event.preventDefault());
  frame.addEventListener("keydown", (event) => {
    if (event.target !== frame || event.ctrlKey || event.metaKey || event.altKey) return;
    /** @type {Record<string, () => void>} */
    const keys = {
      "+": () => zoom(scale * 1.25), "=": () => zoom(scale * 1.25), "-": () => zoom(scale / 1.25), 0: fit,
      ArrowLeft: () => { x -= 60 / scale; }, ArrowRight: () => { x += 60 / scale; },
      ArrowUp: () => { y -= 60 / scale; }, ArrowDown: () => { y += 60 / scale; },
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    draw();
  });
  svg.addEventListener("focusin", (event) => {
    if (!(event.target instanceof SVGGraphicsElement)) return;
    const [at, around] = [event.target.getBoundingClientRect(), frame.getBoundingClientRect()];
    if (at.x < around.x || at.right > around.right) x += (at.x - around.x - 40) / scale;
    if (at.y < around.y || at.bottom > around.bottom) y += (at.y - around.y - 40) / scale;
    draw();
  });

  const tools = document.createElement("div");
  tools.className = "graph-tools";
  for (const [name, text, act] of /** @type {[string, string, () => void][]} */ ([
    ["Zoom in", "+", () => zoom(scale * 1.25)], ["Zoom out", "−", () => zoom(scale / 1.25)], ["Show all", "Fit", fit],
  ])) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", name);
    button.addEventListener("click", act);
    tools.append(button);
  }
  frame.before(tools);
  new ResizeObserver(draw).observe(frame);
  fit();
  if (scale < READABLE) {
    zoom(READABLE);
    const [card, around] = [svg.querySelector(".is-middle")?.getBoundingClientRect(), frame.getBoundingClientRect()];
    if (card) {
      x += (card.x + card.width / 2 - around.x - around.width / 2) / scale;
      x = Math.max(start.x, Math.min(x, start.x + start.width - frame.clientWidth / scale));
      y += (card.y + card.height / 2 - around.y - around.height / 2) / scale;
      draw();
    }
  }
}

for (const frame of document.querySelectorAll(".graph")) {
  const svg = frame.querySelector("svg.lineage");
  if (!(frame instanceof HTMLElement) || !(svg instanceof SVGSVGElement)) continue;
  frame.style.height = `${Math.min(svg.viewBox.baseVal.height, Math.max(260, innerHeight * 0.65))}px`;
  trace(svg);
  move(frame, svg);
}
