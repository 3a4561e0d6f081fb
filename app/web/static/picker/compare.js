// The comparison: up to four models side by side, and what a month of each would cost.

import { capabilityWords, dayWords, leavingWords, rateOf, tokens } from "./words.js";
import { button, make } from "./nodes.js";
import { Usage, monthlyCaveats, monthlyUsd, monthlyWords } from "./cost.js";
import { priceLines } from "./details.js";

export const MAX_COMPARED = 4;

export class Comparison {
  constructor(picker) {
    this.picker = picker;
    this.usage = new Usage(() => this.tellCosts());
    this.table = make("div", { class: "sideways", role: "region", "aria-label": "Comparison", tabindex: "0" });
    this.words = make("div", { class: "note" });
    this.node = make("section", { class: "compare", "aria-label": "Comparison of models", hidden: true }, this.words, this.usage.node, this.table);
  }

  /** Draws the table from what is known, and again when the rest of the facts has come. */
  async show() {
    const rows = this.picker.compared.map((id) => this.picker.catalog.byId.get(id)).filter(Boolean);
    this.rows = rows;
    this.words.hidden = rows.length > 0;
    this.usage.node.hidden = this.table.hidden = rows.length === 0;
    this.table.style.setProperty("--models", rows.length);
    if (!rows.length) {
      // A button that is merely hidden can't be given the focus, and would be the first that is found.
      this.table.replaceChildren();
      const first = this.picker.list.shown.slice(0, MAX_COMPARED);
      this.words.replaceChildren(make("p", {}, "Nothing to compare yet. “Compare” in a model’s details puts it here, up to four."),
        first.length ? button(`Compare the first ${first.length} of the list`, () => this.picker.compareAll(first)) : "");
      return;
    }
    this.draw(rows, rows.map((row) => this.picker.details.known.get(row.id)));
    if (rows.every((row) => this.picker.details.known.has(row.id))) return;
    const models = await Promise.all(rows.map((row) => this.picker.details.read(row.id)));
    if (this.rows === rows) this.draw(rows, models);
  }

  draw(rows, models) {
    const { picker } = this;
    const line = (name, cellOf) => make("tr", {}, make("th", { scope: "row" }, name), ...rows.map((row, at) => make("td", {}, make("bdi", {}, cellOf(row, models[at])))));
    const known = (tell) => (row, model) => (model ? tell(model, row) : model === null ? "Can’t be read" : "…");
    this.costs = rows.map(() => make("td", {}));
    const heads = rows.map((row) => make("th", { scope: "col" },
      make("span", { class: "title" }, make("bdi", {}, row.label)), make("span", { class: "by" }, make("bdi", {}, row.author)),
      make("span", { class: "choices" }, button("Use", () => picker.choose(row.id), { class: "choose", "aria-label": `Use ${row.label}` }),
        button("Remove", () => { picker.compare(row); this.focus(); }, { "aria-label": `Remove ${row.label}` }))));
    const buttons = () => [...this.table.querySelectorAll("button")];
    const held = buttons().indexOf(this.table.querySelector(":focus"));
    this.table.replaceChildren(make("table", {},
      make("thead", {}, make("tr", {}, make("td", {}), ...heads)),
      make("tbody", {},
        make("tr", { class: "costs" }, make("th", { scope: "row" }, "Per month"), ...this.costs),
        line("Input per 1M", (row) => rateOf(row, "input")),
        line("Output per 1M", (row) => rateOf(row, "output")),
        line("Context", (row) => (row.context ? `${tokens(row.context)} tokens` : "Unknown")),
        line("Answers up to", known((model) => (model.max_output_tokens ? `${tokens(model.max_output_tokens)} tokens` : "Unknown"))),
        line("Reads", known((model) => model.input_modalities.join(", ") || "Unknown")),
        line("Writes", known((model) => model.output_modalities.join(", ") || "Unknown")),
        line("Can do", (row) => [...row.has].map(capabilityWords).join(", ") || "Nothing of note"),
        line("Since", known((model) => (model.created ? dayWords(model.created) : "Unknown"))),
        line("Lifecycle", (row) => (row.leavesOn ? leavingWords(row.leavesOn) : "No end known")),
        line("Further prices", known(furtherPrices)))));
    this.tellCosts();
    if (held >= 0) buttons()[Math.min(held, buttons().length - 1)].focus();
  }

  /** Writes the months' costs anew; the sliders change nothing else. */
  tellCosts() {
    if (!this.rows?.length) return;
    const amounts = this.rows.map((row) => (row.state === "free" ? 0 : monthlyUsd(row, this.usage)));
    const sums = amounts.filter((amount) => amount !== null);
    const least = Math.min(...sums);
    const most = Math.max(...sums);
    this.rows.forEach((row, at) => {
      const amount = amounts[at];
      const caveats = monthlyCaveats(row);
      const bar = make("span", { class: "amount", "aria-hidden": "true", hidden: amount === null });
      bar.style.inlineSize = amount && most ? `${Math.max(2, (100 * amount) / most)}%` : "0";
      this.costs[at].replaceChildren(make("strong", { class: amount === null ? "is-unsaid" : null }, monthlyWords(row, this.usage)),
        sums.length > 1 && amount === least && least < most ? make("span", { class: "mark good" }, "lowest") : "", bar,
        caveats.length ? make("small", {}, caveats.join("; ")) : "");
    });
  }

  /** Puts the focus where somebody goes on who has just taken a model out. */
  focus() {
    (this.table.querySelector("button") ?? this.words.querySelector("button"))?.focus();
  }
}

/** Every price beside the two that have lines of their own. */
function furtherPrices(model) {
  if (model.price.state === "free") return "None";
  const [base, ...others] = priceLines(model.price);
  const more = (base?.[1] ?? []).filter(([name]) => name !== "Input" && name !== "Output").map(([name, amount]) => make("div", {}, `${name} ${amount}`));
  const rest = others.map(([title, rates]) => make("div", {}, `${title}: ${rates.map(([name, amount]) => `${name.toLowerCase()} ${amount}`).join(", ")}`));
  return more.length + rest.length ? make("div", {}, ...more, ...rest) : "None";
}
