// The details: what the list has no room for, asked for when somebody rests on a model.

import { ago, amountWords, capabilityWords, dayWords, grouped, leavingWords, priceWords, rateWords, tokens } from "./words.js";
import { button, make, markdown } from "./nodes.js";

const REST_MS = 120;

function hoursWords(window) {
  const hours = window.utc_start ? `${window.utc_start} to ${window.utc_end} UTC` : null;
  const days = window.utc_days.length ? window.utc_days.join(", ") : null;
  const size = window.min_prompt_tokens ? `above ${tokens(window.min_prompt_tokens)} tokens` : null;
  return [days, hours, size].filter(Boolean).join(", ");
}

/** A price as lines of a table: titles of tiers and hours, and under each its rates per million tokens. */
export function priceLines(price) {
  const perMillion = (from) => Object.entries(from.usd_per_million_tokens).map(([key, value]) => [rateWords(key), amountWords(value)]);
  const lines = [["", perMillion(price)]];
  for (const tier of price.tiers) lines.push([`Prompts above ${tokens(tier.min_prompt_tokens)} tokens`, perMillion(tier)]);
  for (const window of price.windows) lines.push([hoursWords(window), perMillion(window)]);
  const perUnit = Object.entries(price.usd_per_unit).map(([key, value]) => [rateWords(key), amountWords(value)]);
  if (perUnit.length) lines.push(["Per unit", perUnit]);
  return lines.filter(([, rates]) => rates.length);
}

export class Details {
  constructor(picker) {
    this.picker = picker;
    this.known = new Map();
    this.node = make("section", { class: "about", "aria-label": "About the model", tabindex: "0" });
  }

  /** Shows a row, and the whole model as soon as it is known. */
  describe(row) {
    if (this.row?.id === row.id && this.node.childElementCount) return;
    this.row = row;
    this.show();
    clearTimeout(this.resting);
    if (!this.known.has(row.id)) {
      this.resting = setTimeout(async () => {
        await this.read(row.id);
        if (this.row.id === row.id) this.show();
      }, REST_MS);
    }
  }

  /** Asks for a model once; null when the registry can't be asked or does not know it. */
  async read(id) {
    if (this.known.has(id)) return this.known.get(id);
    const model = await this.picker.catalog.model(id);
    // A problem document has no price.
    if (model?.price) this.known.set(id, model);
    return this.known.get(id) ?? null;
  }

  /** Asks again for what could not be read. */
  again() {
    const { row } = this;
    if (!row || this.known.has(row.id)) return;
    this.row = null;
    this.describe(row);
  }

  show() {
    const { row } = this;
    if (!row) return;
    const model = this.known.get(row.id);
    // Who stands on a button that is drawn anew stays on it; a focus that falls out would close the panel.
    const held = this.node.querySelector(":focus");
    if (held) this.node.focus();
    this.node.classList.add("is-shown");
    this.node.replaceChildren(
      button("Back to the list", () => this.picker.readOn(), { class: "back", "data-keep": "back" }),
      make("div", { class: "title" }, make("bdi", {}, row.label)), make("code", { dir: "ltr" }, row.id),
      ...(model?.description ? markdown(model.description) : []), this.buttons(row), this.prices(row, model), this.facts(row, model),
      !model && this.picker.catalog.state === "offline" ? make("p", {}, "The rest can’t be read now.") : "");
    if (held) this.node.querySelector(`[data-keep=${held.dataset.keep}]`)?.focus();
  }

  buttons(row) {
    const { picker } = this;
    const pressed = (name, words) => {
      const is = picker.kept.holds(name, row.id);
      return button(is ? words[1] : words[0], () => picker.keep(name, row), { "aria-pressed": String(is), "data-keep": name });
    };
    return make("div", { class: "choices" },
      button("Use this model", () => picker.choose(row.id), { class: "choose", "data-keep": "choice" }),
      pressed("favourites", ["☆ Favourite", "★ Favourite"]),
      picker.hasViews ? this.compareButton(row) : null,
      pressed("hidden", ["Hide", "Hidden"]));
  }

  compareButton(row) {
    const is = this.picker.compared.includes(row.id);
    return button("Compare", () => this.picker.compare(row), { "aria-pressed": String(is), "data-keep": "compared", title: "Shift+Enter in the list" });
  }

  prices(row, model) {
    if (!model || row.state === "free" || row.state === "dynamic" || row.state === "unknown") {
      return make("dl", {}, make("dt", {}, "Price"), make("dd", {}, priceWords(row) + (row.state === "priced" ? " per 1M tokens" : "")));
    }
    return make("table", { class: "prices" }, make("caption", {}, row.state === "per_unit" ? "Price" : "USD per 1M tokens"),
      ...priceLines(model.price).map(([title, rates]) => make("tbody", {},
        title ? make("tr", {}, make("th", { colspan: "2", scope: "rowgroup" }, title)) : null,
        ...rates.map(([name, amount]) => make("tr", {}, make("td", {}, name), make("td", {}, amount))))));
  }

  facts(row, model) {
    const facts = [["Context", row.context ? `${grouped(row.context)} tokens` : "Unknown"]];
    if (model) {
      if (model.max_output_tokens) facts.push(["Answers up to", `${grouped(model.max_output_tokens)} tokens`]);
      facts.push(["Reads", model.input_modalities.join(", ") || "unknown"], ["Writes", model.output_modalities.join(", ") || "unknown"]);
      if (model.capabilities.length) facts.push(["Can do", model.capabilities.map(capabilityWords).join(", ")]);
      if (model.created) facts.push(["Since", dayWords(model.created)]);
      if (row.leavesOn) facts.push(["Lifecycle", leavingWords(row.leavesOn)]);
      if (model.notes) facts.push(["Note", model.notes]);
      if (model.supported_parameters.length) facts.push(["Parameters", model.supported_parameters.join(", ")]);
      facts.push(["Known from", `${model.sources.join(", ")}; list of ${ago(this.picker.catalog.updatedAt)}`]);
    }
    return make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, make("bdi", {}, value))]));
  }
}
