// The chart: price against context for what the filter leaves, both on logarithmic axes; the same values in a table.

import { counted, exactPriceWords, rateOf, tokens, usd } from "./words.js";
import { draw, make } from "./nodes.js";

const HEIGHT = 420;
const MARGIN = { top: 16, right: 20, bottom: 44, left: 56 };
const FREE_BAND = 34;
const POINT_PX = 4.5;
const CONTEXT_TICKS = [4e3, 16e3, 64e3, 256e3, 1e6, 4e6];
const PRICE_TICKS = [0.001, 0.01, 0.1, 1, 10, 100, 1000];
const KEYS = { ArrowRight: ["across", 1], ArrowLeft: ["across", -1], ArrowUp: ["up", 1], ArrowDown: ["up", -1] };

const WAYS = { input: "Input price", output: "Output price" };
const LEFT_OUT = { dynamic: "with a price that varies by routed model", per_unit: "priced per unit", unknown: "of unknown price" };

/** Whether a row has a place on the axes: a context, and a price above zero or none to pay. */
function isPlaced(row, way) {
  return row.context > 0 && (row.state === "free" || (row.state === "priced" && row[way] > 0));
}

export class Chart {
  constructor(picker) {
    this.picker = picker;
    this.way = "input";
    this.points = [];
    this.at = -1;
    this.drawing = draw("svg", { role: "listbox", tabindex: "0", class: "plot", onkeydown: (event) => this.pressed(event), onfocus: () => this.look(Math.max(0, this.at)) });
    this.drawing.addEventListener("pointermove", (event) => { const at = event.target.dataset?.point; if (at !== undefined) this.look(Number(at)); });
    this.drawing.addEventListener("click", (event) => { const at = event.target.dataset?.point; if (at !== undefined) this.look(Number(at)); });
    this.words = make("p", { class: "by" });
    this.table = make("div", { class: "sideways", tabindex: "0", role: "region", "aria-label": "Values of the chart" });
    this.values = make("details", { ontoggle: () => this.tell() }, make("summary", {}, "The values as a table"), this.table);
    const ways = make("select", { "aria-label": "Price", onchange: (event) => { event.stopPropagation(); this.way = ways.value; this.show(this.rows); } },
      ...Object.entries(WAYS).map(([value, words]) => make("option", { value }, words)));
    this.node = make("section", { class: "chart", "aria-label": "Price against context", hidden: true },
      make("div", { class: "chart-head" }, make("strong", {}, "Price against context"), ways), this.drawing, this.words, this.values);
  }

  /** Draws the rows; those without a number are counted in words. */
  show(rows) {
    this.rows = rows;
    const width = Math.max(280, this.node.clientWidth - 32);
    const placed = rows.filter((row) => isPlaced(row, this.way));
    const left = MARGIN.left;
    const right = width - MARGIN.right;
    const bottom = HEIGHT - MARGIN.bottom;
    const contexts = placed.map((row) => row.context);
    const prices = placed.filter((row) => row.state !== "free").map((row) => row[this.way]);
    const across = axis(contexts, CONTEXT_TICKS, left, right);
    const up = axis(prices, PRICE_TICKS, bottom - FREE_BAND, MARGIN.top);
    this.points = placed.map((row) => ({ row, x: across.place(row.context), y: row.state === "free" ? bottom - FREE_BAND / 2 : up.place(row[this.way]) }));
    this.points.sort((a, b) => a.x - b.x || b.y - a.y);
    this.upwards = this.points.map((_, at) => at).sort((a, b) => this.points[b].y - this.points[a].y || this.points[a].x - this.points[b].x);
    const looked = this.looked;
    this.at = looked ? this.points.findIndex(({ row }) => row.id === looked) : -1;
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-label": `${WAYS[this.way]} against context of ${counted(placed.length, "model")}; arrow keys move, Enter picks` })) this.drawing.setAttribute(name, value);
    this.drawing.removeAttribute("aria-activedescendant");
    const text = (words, x, y, anchor, more = {}) => draw("text", { x, y, "text-anchor": anchor, "aria-hidden": "true", ...more }, words);
    const rule = (x1, y1, x2, y2) => draw("line", { x1, y1, x2, y2, class: "rule", "aria-hidden": "true" });
    this.marks = this.points.map(({ row, x, y }, at) => draw("circle", {
      cx: x, cy: y, r: POINT_PX, role: "option", id: `point-${at}`, "data-point": at, "aria-selected": String(row.id === this.picker.choice),
      class: this.picker.compared.includes(row.id) || row.id === this.picker.choice ? "point is-marked" : "point",
      "aria-label": `${row.label}: ${exactPriceWords(row)}, ${tokens(row.context)} context`,
    }));
    this.ring = draw("circle", { r: POINT_PX + 3, class: "ring", "aria-hidden": "true", visibility: "hidden" });
    this.name = text("", 0, 0, "middle", { class: "point-name" });
    this.drawing.replaceChildren(
      ...across.ticks.flatMap((tick) => [rule(across.place(tick), MARGIN.top, across.place(tick), bottom), text(tokens(tick), across.place(tick), bottom + 18, "middle")]),
      ...up.ticks.flatMap((tick) => [rule(left, up.place(tick), right, up.place(tick)), text(tick < 1 ? usd(tick) : `$${tick}`, left - 8, up.place(tick) + 4, "end")]),
      rule(left, bottom, right, bottom), text("Free", left - 8, bottom - FREE_BAND / 2 + 4, "end"),
      text("Context in tokens", (left + right) / 2, HEIGHT - 4, "middle"), ...this.marks, this.ring, this.name);
    this.tellLeftOut(rows, placed);
    this.tell();
    if (this.at >= 0) this.look(this.at);
  }

  tellLeftOut(rows, placed) {
    const out = new Map();
    const shown = new Set(placed);
    for (const row of rows) {
      if (shown.has(row)) continue;
      const why = LEFT_OUT[row.state] ?? (row.context ? `without an ${WAYS[this.way].toLowerCase()}` : "of unknown context");
      out.set(why, (out.get(why) ?? 0) + 1);
    }
    const reasons = [...out].map(([why, count]) => `${count} ${why}`).join(", ");
    this.words.textContent = `USD per 1M tokens. ${placed.length ? counted(placed.length, "model") : "No model"} shown${reasons ? `; not shown: ${reasons}.` : "."}`;
  }

  /** Writes the table while it is open. */
  tell() {
    if (!this.values.open) { this.table.replaceChildren(); return; }
    this.table.replaceChildren(make("table", {},
      make("thead", {}, make("tr", {}, ...["Model", "Context", "Input per 1M", "Output per 1M"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...this.rows.map((row) => make("tr", {}, make("th", { scope: "row" }, make("bdi", {}, row.label)),
        make("td", {}, tokens(row.context) ?? "Unknown"), make("td", {}, rateOf(row, "input")), make("td", {}, rateOf(row, "output")))))));
  }

  /** Looks at one point: a ring, its name, and its details beside the chart. */
  look(at) {
    const point = this.points[at];
    if (!point) return;
    this.at = at;
    this.looked = point.row.id;
    this.drawing.setAttribute("aria-activedescendant", `point-${at}`);
    for (const [name, value] of Object.entries({ cx: point.x, cy: point.y, visibility: "visible" })) this.ring.setAttribute(name, value);
    const width = Number(this.drawing.getAttribute("width"));
    this.name.textContent = point.row.label;
    const half = this.name.getComputedTextLength() / 2 + 4;
    this.name.setAttribute("x", Math.max(half, Math.min(width - half, point.x)));
    this.name.setAttribute("y", point.y > 40 ? point.y - 14 : point.y + 24);
    this.picker.details.describe(point.row);
  }

  pressed(event) {
    if (!this.points.length) return;
    const order = { across: this.points.map((_, at) => at), up: this.upwards };
    const last = this.points.length - 1;
    if (event.key === "Enter") { if (this.at >= 0) this.picker.choose(this.points[this.at].row.id); }
    else if (event.key === "Home" || event.key === "End") this.look(event.key === "Home" ? 0 : last);
    else if (event.key in KEYS) {
      const [way, step] = KEYS[event.key];
      const place = order[way].indexOf(this.at) + step;
      this.look(order[way][Math.max(0, Math.min(last, place))]);
    } else return;
    event.preventDefault();
  }
}

/** A logarithmic axis over some values: where a value stands, and the ticks within. */
function axis(values, allTicks, from, to) {
  const low = Math.log10(Math.min(...(values.length ? values : [allTicks[1]]))) - 0.08;
  const high = Math.log10(Math.max(...(values.length ? values : [allTicks.at(-2)]))) + 0.08;
  return {
    place: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: allTicks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high),
  };
}
