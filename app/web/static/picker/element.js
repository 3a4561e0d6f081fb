// The element: the field, the panel, the form's side of it, and what the registry is asked.

import { counted, selectedWords } from "./words.js";
import { button, make } from "./nodes.js";
import { arranged, holds } from "./rows.js";
import { Kept } from "./kept.js";
import { keptOf } from "./preferences.js";
import { Catalog } from "./catalog.js";
import { Search } from "./search.js";
import { Line } from "./line.js";
import { placePanel } from "./place.js";
import { absentWords, fateOf, Notes } from "./notes.js";
import { FormField } from "./field.js";
import { BESIDE_PX, SHEET } from "./style.js";
import { Tools } from "./tools.js";
import { RowList } from "./list.js";
import { Details } from "./details.js";
import { Comparison, MAX_COMPARED } from "./compare.js";
import { Chart } from "./chart.js";

const FRESH_MS = 300_000;

class ModelPicker extends FormField {
  static observedAttributes = ["value", "required", "disabled", "label", "src", "user", "user-token"];

  constructor() {
    super();
    this.line = new Line(() => { if (document.visibilityState === "visible") this.load(); }, () => this.refresh());
    this.catalog = this.anotherCatalog();
    this.compared = [];
    this.search = new Search(this);
    this.view = "list";
    this.isOpen = false;
    this.isReading = false;
    this.kept = new Kept("", (id) => id);
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
    this.tools = new Tools(this);
    this.notes = new Notes(this);
    this.body = make("div", { class: "body" }, this.notes.node, this.list.node, this.chart.node, this.comparison.node, this.details.node);
    this.panel = make("div", { class: "panel", hidden: true, tabindex: "-1" }, this.tools.views, this.tools.node, make("div", { role: "status" }, this.notes.bar), this.body);
    this.said = make("span", { role: "status" });
    this.offer = make("span", {});
    root.append(make("div", { class: "field" }, this.input, this.eraser), this.panel, make("div", { class: "said" }, this.said, this.offer));
    this.listen(root);
  }

  listen(root) {
    this.input.addEventListener("input", (event) => { event.stopPropagation(); this.open(true); this.typed(); });
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    // Asked for at once: later the event names the element as a whole.
    root.addEventListener("focusout", ({ target }) => setTimeout(() => this.left(target)));
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return;
      if (this.isReading) { this.readOn(); event.stopPropagation(); return; }
      if (this.isInline) { if (this.view !== "list") this.see("list"); else return; } else this.close();
      this.input.focus();
      event.stopPropagation();
    });
  }

  /** Closes when the focus went elsewhere; when it fell out of what is gone or hidden, it comes back to the field. */
  left(from) {
    if (!this.isOpen || this.matches(":focus-within")) return;
    if (from.getClientRects().length) this.close();
    else this.input.focus();
  }

  // -- A form field and its life in a page --

  connectedCallback() {
    super.connectedCallback();
    this.meet();
    this.input.setAttribute("aria-label", this.getAttribute("label") ?? "Model");
    this.tools.arrange(this.hasViews);
    if (this.isInline) this.open();
    this.validate();
    const wake = () => {
      const isOld = this.catalog.state !== "ready" || Date.now() - this.catalog.loadedAt > FRESH_MS;
      if (isOld && document.visibilityState === "visible") this.load();
      if (this.kept.problem) this.kept.read();
    };
    // Ends every listener at once; what has a `signal` does for options.
    this.life = new AbortController();
    addEventListener("online", () => { wake(); this.refresh(); }, this.life);
    addEventListener("offline", () => this.refresh(), this.life);
    document.addEventListener("visibilitychange", wake, this.life);
    addEventListener("resize", () => this.place(), this.life);
    document.addEventListener("scroll", () => this.place(), { signal: this.life.signal, capture: true, passive: true });
    document.addEventListener("pointerdown", (event) => { if (!event.composedPath().includes(this)) this.close(); }, this.life);
    this.watch = new ResizeObserver(() => requestAnimationFrame(() => this.resized()));
    this.watch.observe(this.body);
    this.load();
  }

  disconnectedCallback() {
    this.life.abort();
    this.watch.disconnect();
    this.line.end();
    this.search.stop();
  }

  attributeChangedCallback(name, before, after) {
    if (name === "value" && !this.isTouched) this.set(after ?? "");
    if (name === "label") this.input.setAttribute("aria-label", after ?? "Model");
    if (name === "disabled") this.formDisabledCallback(after !== null);
    if (name === "required") this.validate();
    if (before !== after && this.isConnected && name.startsWith("user")) this.meet();
    if (before !== after && this.isConnected && name === "src") this.askAnother();
  }

  get isInline() { return this.hasAttribute("inline"); }
  get hasViews() { return this.isInline || this.hasAttribute("views"); }
  get base() { return new URL(`${(this.getAttribute("src") ?? new URL(".", import.meta.url).href).replace(/\/+$/, "")}/`, document.baseURI); }

  // -- What the registry says --

  /** Forgets one registry and asks another. */
  askAnother() {
    this.catalog = this.anotherCatalog();
    this.details.known.clear();
    this.meet();
    this.load();
  }

  anotherCatalog() {
    return new Catalog(() => this.base, (catalog) => { if (catalog === this.catalog) this.cut(); });
  }

  /** Reads the list; after a failure not from what the browser has kept of it. */
  async load(cache = ["offline", "error"].includes(this.catalog.state) ? "no-cache" : "default") {
    const { catalog } = this;
    this.refresh();
    await catalog.load(cache);
    if (catalog !== this.catalog || !this.isConnected) return;
    if (catalog.state === "ready") this.mended(); else this.cut();
    this.tell();
  }

  /** The registry does not answer: the list stays, and it is asked again. */
  cut() {
    this.search.stop();
    this.line.isCut();
    this.refresh();
  }

  /** The registry answers: what could not be asked meanwhile is asked now. */
  mended() {
    this.line.isMended();
    this.refresh();
    if (this.search.words.length) this.search.ask(this.input.value.trim());
    if (!this.line.news) return;
    this.details.again();
    if (this.kept.problem) this.kept.read();
  }

  /** Searches here at once, and asks the registry when the typing pauses. */
  typed() {
    this.search.begin(this.input.value.trim());
    this.isReading = false;
    if (this.view === "compare") this.see("list");
    this.refresh();
    this.list.activate(this.list.shown.length ? 0 : -1, true);
  }

  // -- The choice --

  /** Learns whose favourites these are: somebody's, which the registry keeps, or this browser's. */
  meet() {
    this.kept = keptOf(this, () => this.remembered());
    this.refresh();
  }

  /** Takes over what the registry keeps of somebody; the saved choice goes before the page's first value. */
  remembered() {
    const { selected } = this.kept;
    if (selected && !this.isTouched && selected !== this.choice) {
      this.isTouched = true;
      this.set(selected);
      this.announce();
    } else this.tell();
    this.refresh();
    this.details.show();
  }

  set(id) {
    super.set(id);
    this.tell();
    this.drawView();
  }

  choose(id) {
    const isOther = id !== this.choice;
    this.isTouched = true;
    this.isReading = false;
    this.kept.chose(id);
    this.close();
    this.set(id);
    if (!this.isInline) { this.input.focus(); this.input.select(); }
    if (isOther) this.announce();
  }

  /** Confirms the choice in words, and offers today's model for one that is gone. */
  tell() {
    this.offer.replaceChildren();
    const row = this.catalog.byId.get(this.choice) ?? this.catalog.aliases.get(this.choice);
    if (row) this.said.textContent = selectedWords(row, this.choice);
    else if (this.choice && this.catalog.state === "ready") this.missing(this.choice);
    else this.said.textContent = this.choice || (this.isOpen && this.catalog.rows.length ? counted(this.list.shown.length, "model") : "");
    if (!this.isOpen) this.input.value = this.choice && (row?.label ?? this.choice);
    this.showEraser();
  }

  /** Says of a choice that is not in the list what became of it, and offers what took its place. */
  async missing(id) {
    this.said.textContent = absentWords(id);
    const { words, successor } = await fateOf(id, this);
    if (this.choice !== id) return;
    this.said.textContent = words;
    if (successor) this.offer.replaceChildren(button(`Use ${successor.label}`, () => this.choose(successor.id)));
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

  open(isTyping = false) {
    if (this.isOpen || this.input.disabled) return;
    this.isOpen = true;
    this.panel.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    // The next letter would take the place of the one just typed.
    if (!this.isInline && !isTyping) this.input.select();
    this.place();
    this.list.active = -1;
    this.refresh();
    const at = this.list.shown.findIndex((row) => row.id === this.choice);
    if (at >= 0) this.list.activate(at, true);
  }

  place() {
    if (this.isOpen && !this.isInline) placePanel(this.panel, this.input, this.closest("dialog"));
  }

  close() {
    if (!this.isOpen || this.isInline) return;
    this.isOpen = this.isReading = false;
    this.panel.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.search.forget();
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

  clear() {
    this.tools.clear();
    this.input.value = "";
    this.typed();
    this.input.focus();
  }

  /** Keeps a model among the favourites or the hidden ones, or takes it out. */
  keep(name, row) {
    this.kept.toggle(name, row.id);
    this.changedAbout(row);
  }

  /** Adds a model to the comparison, or takes it out, and says so; when it is full, it says that. */
  compare(row) {
    const isIn = this.compared.includes(row.id);
    const isFull = !isIn && this.compared.length >= MAX_COMPARED;
    if (isIn) this.compared = this.compared.filter((id) => id !== row.id);
    else if (!isFull) this.compared = [...this.compared, row.id];
    this.changedAbout(row);
    const now = `${this.compared.length} of ${MAX_COMPARED}`;
    this.said.textContent = isFull
      ? `${MAX_COMPARED} models are compared already; take one out to compare ${row.label}.`
      : `${row.label} is ${isIn ? "no longer compared" : "compared"}: ${now}.`;
  }

  compareAll(rows) {
    this.compared = rows.map((row) => row.id);
    this.refresh();
    this.comparison.focus();
  }

  changedAbout(row) {
    this.refresh();
    this.details.row = row;
    this.details.show();
  }

  see(view) {
    this.view = view;
    this.isReading = false;
    this.refresh();
  }

  /** Tells of a row before it is chosen: beside the list where there is room, else in the list's place. */
  readOf(at) {
    this.list.goTo(at, false);
    this.isReading = this.clientWidth < BESIDE_PX || this.panel.matches(".is-tight");
    this.drawView();
    (this.isReading ? this.details.node.querySelector("button") : this.details.node).focus();
  }

  /** Goes back from what was read to the list. */
  readOn() {
    this.isReading = false;
    this.drawView();
    this.list.focusActive();
  }

  /** Works out what is shown and draws it. */
  refresh() {
    if (!this.isOpen) return;
    const { words, ranked, heard, isPending } = this.search;
    const found = ranked ?? this.catalog.rows.filter((row) => holds(row, words));
    const { on, sort, group, isCoreOnly } = this.tools;
    this.list.show(arranged(found, { on, sort, group, isCoreOnly, kept: this.kept, byId: this.catalog.byId, isSearched: words.length > 0 }));
    this.tools.show();
    this.notes.show();
    this.drawView();
    if (!this.list.activeRow && this.list.shown.length) this.details.describe(this.list.shown[0]);
    const isUnknown = isPending && !this.list.shown.length;
    const state = this.catalog.state === "loading" ? "Loading models" : isUnknown ? "Searching" : counted(this.list.shown.length, "model");
    if (!this.choice || words.length) this.said.textContent = [state, heard].filter(Boolean).join("; ");
    this.showEraser();
  }

  /** Shows one of the views; the others cost nothing. */
  drawView() {
    if (!this.isOpen) return;
    const isEmpty = this.notes.isInPlaceOfList;
    const isReading = this.isReading && this.view === "list" && !isEmpty;
    this.panel.dataset.view = this.view;
    this.panel.classList.toggle("is-reading", isReading);
    this.list.node.hidden = this.view !== "list" || isEmpty || isReading;
    this.chart.node.hidden = this.view !== "chart" || isEmpty;
    this.comparison.node.hidden = this.view !== "compare";
    this.notes.node.hidden = !isEmpty || this.view === "compare";
    const isWhole = this.view === "compare" || isEmpty;
    this.details.node.hidden = isWhole;
    this.body.classList.toggle("is-whole", isWhole || isReading);
    if (this.view === "list") this.list.paint();
    if (this.view === "chart" && !isEmpty) this.chart.show(this.list.shown);
    if (this.view === "compare") this.comparison.show();
  }

  /** The chart is as wide as there is room; what grows in height beside it must not draw it anew. */
  resized() {
    const width = this.body.clientWidth;
    if (this.list.rowPx !== this.list.neededRowPx) this.refresh();
    if (this.view === "list" || (width !== this.width && this.view === "chart")) this.drawView();
    this.width = width;
  }
}

if (!customElements.get("model-picker")) customElements.define("model-picker", ModelPicker);
