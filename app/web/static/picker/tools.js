// The tools: which rows are wanted, in which order, and in which view.

import { button, make } from "./nodes.js";
import { CHIPS, GROUPS, SORTS } from "./rows.js";

const VIEWS = { list: "List", chart: "Chart", compare: "Compare" };

export class Tools {
  /** `picker` is told of every other wish. */
  constructor(picker) {
    this.picker = picker;
    this.on = new Set();
    this.isCoreOnly = false;
    this.sort = "default";
    this.group = "none";
    this.views = make("div", { class: "views", role: "group", "aria-label": "View" },
      ...Object.keys(VIEWS).map((name) => button("", () => picker.see(name), { "data-view": name })));
    this.chips = Object.entries(CHIPS).map(([name, [words]]) => button(words, () => this.toggle(name), { class: "chip", "data-chip": name }));
    this.openRouter = button("OpenRouter", () => { this.isCoreOnly = !this.isCoreOnly; picker.refresh(); },
      { class: "switch", role: "switch", "aria-label": "OpenRouter models", title: "Off: core models only" });
    this.orders = make("span", { class: "orders" }, this.order("group", "Groups", GROUPS), this.order("sort", "Order", SORTS));
    this.node = make("div", { class: "tools" }, make("span", { class: "chips" }, ...this.chips), this.orders);
  }

  order(name, words, options) {
    const chosen = (event) => { event.stopPropagation(); this[name] = event.target.value; this.picker.refresh(); };
    return make("select", { "aria-label": words, onchange: chosen }, ...Object.entries(options).map(([value, [text]]) => make("option", { value }, text)));
  }

  /** Puts the switch where there is room: beside the views, or where there are none beside the orders. */
  arrange(hasViews) {
    this.views.hidden = !hasViews;
    if (hasViews) this.views.append(this.openRouter);
    else this.orders.prepend(this.openRouter);
  }

  toggle(name) {
    if (!this.on.delete(name)) this.on.add(name);
    this.picker.refresh();
  }

  /** Wants every row again. */
  clear() {
    this.on.clear();
    this.isCoreOnly = false;
  }

  show() {
    const { kept, compared, view } = this.picker;
    for (const chip of this.chips) {
      chip.setAttribute("aria-pressed", String(this.on.has(chip.dataset.chip)));
      if (chip.dataset.chip === "hidden") chip.hidden = !kept.hidden.length && !this.on.has("hidden");
    }
    for (const tab of this.views.querySelectorAll("[data-view]")) {
      const name = tab.dataset.view;
      tab.setAttribute("aria-pressed", String(name === view));
      tab.textContent = name === "compare" && compared.length ? `${VIEWS[name]} ${compared.length}` : VIEWS[name];
    }
    this.openRouter.setAttribute("aria-checked", String(!this.isCoreOnly));
    this.node.hidden = this.openRouter.hidden = view === "compare";
  }
}
