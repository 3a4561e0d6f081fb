// The element: the field, the panel, the form's side of it, and what the registry is asked.

import { ago, counted, grouped, priceWords, tokens } from "./words.js";
import { button, make } from "./nodes.js";
import { CHIPS, FIELDS, GROUPS, SORTS, arranged, holds, rowsOf, wordsOf } from "./rows.js";
import { Kept, recall, remember } from "./kept.js";
import { SHEET } from "./style.js";
import { RowList } from "./list.js";
import { Details } from "./details.js";
import { Comparison, MAX_COMPARED } from "./compare.js";
import { Chart } from "./chart.js";

const SEARCH_DELAY_MS = 120;
const FRESH_MS = 300_000;
const VIEWS = { list: "List", chart: "Chart", compare: "Compare" };

class ModelPicker extends HTMLElement {
  static formAssociated = true;
  static observedAttributes = ["value", "required", "disabled", "label", "src", "user"];

  constructor() {
    super();
    this.internals = this.attachInternals();
    this.take({ models: [] });
    this.state = "loading";
    this.choice = "";
    this.compared = [];
    this.words = [];
    this.ranked = null;
    this.on = new Set();
    this.isCoreOnly = false;
    this.sort = "default";
    this.group = "none";
    this.view = "list";
    this.isOpen = false;
    this.kept = new Kept("");
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [SHEET];
    this.build(root);
  }

  build(root) {
    this.input = make("input", {
      type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": "list", placeholder: "Search models", enterkeyhint: "done",
    });
    this.eraser = button("×", () => this.erase(), { class: "eraser", hidden: true });
    this.list = new RowList(this);
    this.details = new Details(this);
    this.comparison = new Comparison(this);
    this.chart = new Chart(this);
    this.views = make("div", { class: "views", role: "group", "aria-label": "View" },
      ...Object.keys(VIEWS).map((name) => button("", () => this.see(name), { "data-view": name })));
    this.chips = Object.entries(CHIPS).map(([name, [words]]) =>
      button(words, () => this.toggle(name), { class: "chip", "aria-pressed": "false", "data-chip": name }));
    this.openRouter = button("OpenRouter", () => this.switchOpenRouter(), { class: "switch", role: "switch", "aria-checked": "true", "aria-label": "OpenRouter models", title: "Off: core models only" });
    const order = (name, words, options) => {
      const select = make("select", { "aria-label": words, onchange: (event) => { event.stopPropagation(); this[name] = select.value; this.refresh(); } },
        ...Object.entries(options).map(([value, [text]]) => make("option", { value }, text)));
      return select;
    };
    this.orders = make("span", { class: "orders" }, order("group", "Groups", GROUPS), order("sort", "Order", SORTS));
    this.tools = make("div", { class: "tools" }, make("span", { class: "chips" }, ...this.chips), this.orders);
    this.bar = make("div", { class: "bar", hidden: true });
    this.note = make("div", { class: "note", hidden: true });
    this.body = make("div", { class: "body" }, this.note, this.list.node, this.chart.node, this.comparison.node, this.details.node);
    this.panel = make("div", { class: "panel", hidden: true, tabindex: "-1" }, this.views, this.tools, this.bar, this.body);
    this.said = make("span", { role: "status" });
    this.offer = make("span", {});
    root.append(make("div", { class: "field" }, this.input, this.eraser), this.panel, make("div", { class: "said" }, this.said, this.offer));
    this.listen(root);
  }

  listen(root) {
    this.input.addEventListener("input", (event) => { event.stopPropagation(); this.open(); this.typed(); });
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    root.addEventListener("focusout", (event) => { if (!root.contains(event.relatedTarget)) this.close(); });
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return;
      if (this.isInline) { if (this.view !== "list") this.see("list"); else return; } else this.close();
      this.input.focus();
      event.stopPropagation();
    });
  }

  // -- A form field and its life in a page --

  connectedCallback() {
    this.kept = new Kept(this.getAttribute("user") ?? "");
    this.input.setAttribute("aria-label", this.getAttribute("label") ?? "Model");
    this.views.hidden = !this.hasViews;
    (this.hasViews ? this.views : this.orders).append(this.openRouter);
    if (this.isInline) this.open();
    this.validate();
    this.wake = () => {
      const isOld = this.state !== "ready" || Date.now() - this.loadedAt > FRESH_MS;
      if (isOld && document.visibilityState === "visible") this.load();
    };
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.body);
    this.load();
  }

  disconnectedCallback() {
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.watch.disconnect();
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  attributeChangedCallback(name, before, after) {
    if (name === "value" && !this.isTouched) this.set(after ?? "");
    if (name === "label") this.input.setAttribute("aria-label", after ?? "Model");
    if (name === "disabled") this.formDisabledCallback(after !== null);
    if (name === "required") this.validate();
    if (before !== after && this.isConnected && name === "user") this.kept = new Kept(after ?? "");
    if (before !== after && this.isConnected && name === "src") this.load();
  }

  get value() { return this.choice; }
  set value(id) { this.isTouched = true; this.set(id ?? ""); }
  get name() { return this.getAttribute("name"); }
  get form() { return this.internals.form; }
  get type() { return "model-picker"; }
  get required() { return this.hasAttribute("required"); }
  set required(is) { this.toggleAttribute("required", Boolean(is)); }
  get disabled() { return this.hasAttribute("disabled"); }
  set disabled(is) { this.toggleAttribute("disabled", Boolean(is)); }
  get validity() { return this.internals.validity; }
  get validationMessage() { return this.internals.validationMessage; }
  get isInline() { return this.hasAttribute("inline"); }
  get hasViews() { return this.isInline || this.hasAttribute("views"); }
  get base() { return new URL(`${(this.getAttribute("src") ?? new URL(".", import.meta.url).href).replace(/\/+$/, "")}/`, document.baseURI); }
  checkValidity() { return this.internals.checkValidity(); }
  reportValidity() { return this.internals.reportValidity(); }
  formResetCallback() { this.isTouched = false; this.set(this.getAttribute("value") ?? ""); }
  formDisabledCallback(is) { this.input.disabled = is; if (is) this.close(); this.showEraser(); }
  formStateRestoreCallback(state) { this.value = state; }

  validate() {
    if (this.required && !this.choice) this.internals.setValidity({ valueMissing: true }, "Pick a model.", this.input);
    else this.internals.setValidity({});
    this.input.setAttribute("aria-required", String(this.required));
    this.showEraser();
  }

  // -- What the registry says --

  /** Reads the list; `cache` says what the browser may answer from, as in fetch. */
  async load(cache = "default") {
    const key = `model-picker:list:${this.base}`;
    if (!this.rows.length) { this.state = "loading"; this.refresh(); }
    try {
      const response = await fetch(new URL(`models?fields=${FIELDS}`, this.base), { cache });
      if (!response.ok) throw new Error(`The registry answered ${response.status}.`);
      const answer = await response.json();
      this.take(answer);
      this.state = "ready";
      remember(key, answer);
    } catch (error) {
      this.reason = error instanceof TypeError ? "The registry can’t be reached." : error.message;
      const copy = this.rows.length ? null : recall(key);
      if (copy) this.take(copy);
      this.state = this.rows.length ? "offline" : "error";
    }
    this.loadedAt = Date.now();
    this.refresh();
    this.tell();
  }

  take(list) {
    Object.assign(this, rowsOf(list.models), { isStale: list.stale, updatedAt: list.updated_at });
  }

  /** Searches here at once, and asks the registry when the typing pauses. */
  typed() {
    const text = this.input.value.trim();
    this.words = wordsOf(text);
    this.ranked = null;
    if (this.view === "compare") this.see("list");
    this.refresh();
    this.list.activate(this.list.shown.length ? 0 : -1, true);
    clearTimeout(this.timer);
    this.asking?.abort();
    if (text && this.state === "ready") this.timer = setTimeout(() => this.ask(text), SEARCH_DELAY_MS);
  }

  async ask(text) {
    this.asking = new AbortController();
    try {
      const url = new URL("models/search", this.base);
      url.search = new URLSearchParams({ q: text.slice(0, 256), fields: "name", limit: "200" });
      const response = await fetch(url, { signal: this.asking.signal });
      if (!response.ok || this.input.value.trim() !== text) return;
      this.ranked = (await response.json()).models.map((model) => model.id);
      this.refresh();
      this.list.activate(this.list.shown.length ? 0 : -1, true);
    } catch {
      // Cancelled or offline: what was found here stays.
    }
  }

  // -- The choice --

  set(id) {
    this.choice = String(id);
    this.internals.setFormValue(this.choice || null);
    this.validate();
    this.tell();
    this.drawView();
  }

  choose(id) {
    const isOther = id !== this.choice;
    this.isTouched = true;
    if (id) this.kept.used(id);
    this.close();
    this.set(id);
    if (!this.isInline) { this.input.focus(); this.input.select(); }
    if (!isOther) return;
    this.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Confirms the choice in words, and offers today's model for one that is gone. */
  tell() {
    this.offer.replaceChildren();
    const row = this.byId.get(this.choice) ?? this.aliases.get(this.choice);
    if (row) {
      const named = row.id === this.choice ? row.label : `${row.label} (as ${this.choice})`;
      const parts = [`Selected: ${named} by ${row.author}`, row.context && `reads ${tokens(row.context)} tokens`, priceWords(row) + (row.state === "priced" ? " per 1M tokens" : "")];
      this.said.textContent = `${parts.filter(Boolean).join(", ")}.`;
    } else if (this.choice && this.state === "ready") this.missing(this.choice);
    else this.said.textContent = this.choice || (this.isOpen && this.rows.length ? counted(this.list.shown.length, "model") : "");
    if (!this.isOpen) this.input.value = this.choice && (row?.label ?? this.choice);
    this.showEraser();
  }

  /** Says of a choice that is not in the list what became of it. */
  async missing(id) {
    this.said.textContent = `${id} is not in the list any more; pick another model.`;
    let successor = null;
    try {
      const response = await fetch(new URL(`models/${id.split("/").map(encodeURIComponent).join("/")}`, this.base));
      const answer = await response.json();
      successor = this.byId.get(response.ok ? answer.alias_target ?? answer.id : answer.suggestions?.[0]);
    } catch {
      // The registry can't say: the words above stand.
    }
    if (!successor || this.choice !== id) return;
    this.said.textContent = `${id} is not in the list any more; ${successor.label} comes closest.`;
    this.offer.replaceChildren(button(`Use ${successor.label}`, () => this.choose(successor.id)));
  }

  /** Takes the search text away, or where there is none the choice. */
  erase() {
    if (this.isOpen && this.input.value) { this.input.value = ""; this.typed(); } else this.choose("");
    this.input.focus();
  }

  showEraser() {
    const isText = this.isOpen && this.input.value !== "";
    this.eraser.hidden = this.input.disabled || !(isText || (this.choice && !this.required));
    this.eraser.setAttribute("aria-label", isText ? "Clear the search" : "Clear the choice");
  }

  // -- The panel --

  open() {
    if (this.isOpen || this.input.disabled) return;
    this.isOpen = true;
    this.panel.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    if (!this.isInline) this.input.select();
    this.words = [];
    this.ranked = null;
    this.refresh();
    const at = this.list.shown.findIndex((row) => row.id === this.choice);
    if (at >= 0) this.list.activate(at, true);
  }

  close() {
    if (!this.isOpen || this.isInline) return;
    this.isOpen = false;
    this.panel.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    clearTimeout(this.timer);
    this.asking?.abort();
    this.tell();
  }

  pressed(event) {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!this.isOpen) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") { this.open(); event.preventDefault(); }
      // Typing into the closed field searches anew instead of writing behind the name that stands there.
      else if (event.key.length === 1 && isPlain) this.input.value = "";
      return;
    }
    if (this.view === "chart" && event.key === "ArrowDown") this.chart.drawing.focus();
    else if (this.view === "list" && this.list.moved(event)) { /* The list has moved. */ }
    else if (this.view === "list" && event.key === "Enter" && this.list.activeRow) {
      if (event.shiftKey && this.hasViews) this.compare(this.list.activeRow);
      else this.choose(this.list.activeRow.id);
    } else return;
    event.preventDefault();
  }

  toggle(name) {
    if (!this.on.delete(name)) this.on.add(name);
    this.refresh();
  }

  switchOpenRouter() {
    this.isCoreOnly = !this.isCoreOnly;
    this.openRouter.setAttribute("aria-checked", String(!this.isCoreOnly));
    this.refresh();
  }

  clear() {
    this.on.clear();
    if (this.isCoreOnly) this.switchOpenRouter();
    this.input.value = "";
    this.typed();
    this.input.focus();
  }

  /** Keeps a model among the favourites or the hidden ones, or takes it out. */
  keep(name, row) {
    this.kept.toggle(name, row.id);
    this.changedAbout(row, name);
  }

  /** Adds a model to the comparison, or takes it out; the oldest makes room. */
  compare(row) {
    const { compared } = this;
    this.compared = compared.includes(row.id) ? compared.filter((id) => id !== row.id) : [...compared, row.id].slice(-MAX_COMPARED);
    this.changedAbout(row, "compared");
  }

  compareAll(rows) {
    this.compared = rows.map((row) => row.id);
    this.refresh();
    this.comparison.focus();
  }

  changedAbout(row, name) {
    const hadFocus = this.shadowRoot.activeElement?.dataset.keep === name;
    this.refresh();
    this.details.row = this.byId.get(row.id);
    this.details.show();
    if (hadFocus) this.details.node.querySelector(`[data-keep=${name}]`).focus();
  }

  see(view) {
    this.view = view;
    this.refresh();
  }

  /** Works out what is shown and draws it. */
  refresh() {
    if (!this.isOpen) return;
    const found = this.ranked
      ? this.ranked.map((id) => this.byId.get(id)).filter(Boolean)
      : this.rows.filter((row) => holds(row, this.words));
    const { on, sort, group, kept, byId, isCoreOnly } = this;
    this.list.show(arranged(found, { on, sort, group, kept, byId, isCoreOnly, isSearched: this.words.length > 0 }));
    for (const chip of this.chips) {
      chip.setAttribute("aria-pressed", String(this.on.has(chip.dataset.chip)));
      if (chip.dataset.chip === "hidden") chip.hidden = !this.kept.hidden.length && !this.on.has("hidden");
    }
    for (const tab of this.views.querySelectorAll("[data-view]")) {
      const { view } = tab.dataset;
      tab.setAttribute("aria-pressed", String(view === this.view));
      tab.textContent = view === "compare" && this.compared.length ? `${VIEWS[view]} ${this.compared.length}` : VIEWS[view];
    }
    this.notes();
    this.drawView();
    if (!this.list.activeRow && this.list.shown.length) this.details.describe(this.list.shown[0]);
    if (!this.choice || this.words.length) this.said.textContent = this.state === "loading" ? "Loading models" : counted(this.list.shown.length, "model");
    this.showEraser();
  }

  /** Shows one of the views; the others cost nothing. */
  drawView() {
    if (!this.isOpen) return;
    const isEmpty = !this.note.hidden;
    this.list.node.hidden = this.view !== "list" || isEmpty;
    this.chart.node.hidden = this.view !== "chart" || isEmpty;
    this.comparison.node.hidden = this.view !== "compare";
    this.note.hidden = this.note.hidden || this.view === "compare";
    this.tools.hidden = this.openRouter.hidden = this.view === "compare";
    this.details.node.hidden = this.view === "compare";
    this.body.classList.toggle("is-whole", this.view === "compare");
    if (this.view === "list") this.list.paint();
    if (this.view === "chart" && !isEmpty) this.chart.show(this.list.shown);
    if (this.view === "compare") this.comparison.show();
  }

  /** The chart is as wide as there is room; what grows in height beside it must not draw it anew. */
  resized() {
    const width = this.body.clientWidth;
    if (this.view === "list" || (width !== this.width && this.view === "chart")) this.drawView();
    this.width = width;
  }

  /** Says in words what is not as it should be, each with a way out. */
  notes() {
    const again = () => button("Try again", () => this.load("no-cache"));
    let bar = null;
    if (this.state === "offline") bar = `No connection to the registry: this is the list of ${ago(this.updatedAt)}.`;
    else if (this.isStale && this.rows.length) bar = `Prices may be out of date: the registry can’t reach its source. This is the list of ${ago(this.updatedAt)}.`;
    this.bar.hidden = !bar;
    if (bar) this.bar.replaceChildren(make("span", {}, bar), again());
    let words = null;
    if (this.state === "loading") words = ["Loading models …"];
    else if (this.state === "error") words = [`The models can’t be loaded. ${this.reason}`, again()];
    else if (!this.rows.length) words = ["The registry has no models yet.", again()];
    else if (!this.list.shown.length) {
      const isStarless = this.on.has("favourites") && !this.kept.favourites.length;
      words = [isStarless ? "No favourites yet. “Favourite” in a model’s details keeps it here." : `None of ${grouped(this.rows.length)} models matches.`, button("Clear search and filters", () => this.clear())];
    }
    this.note.hidden = words === null;
    if (words) this.note.replaceChildren(make("p", {}, words[0]), ...words.slice(1));
    this.note.classList.toggle("is-loading", this.state === "loading");
  }
}

if (!customElements.get("model-picker")) customElements.define("model-picker", ModelPicker);
