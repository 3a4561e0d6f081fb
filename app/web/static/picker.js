/*
 * <model-picker>: a form field that picks a model of this registry. One file, no framework, no build step.
 *
 *   <script type="module" src="https://registry.example/picker.js"></script>
 *   <model-picker name="model" value="openai/gpt-4o"></model-picker>
 *
 * Attributes: name, value, required, disabled, label, src (the registry's address; this file's by default),
 * user (keeps favourites of several people in one browser apart), inline (always open, for a page of its own).
 * Events: input, change. Sections: reading, words, icons, style, the element.
 */

// ---- Reading: what the registry says, as rows ----

const FIELDS = "name,author,created,context_tokens,capabilities,category,price,lifecycle,sources,aliases";
const DAY_MS = 86_400_000;
const NEW_DAYS = 30;
const LONG_CONTEXT_TOKENS = 200_000;
const SEARCH_DELAY_MS = 120;

/** Returns where a name begins behind its maker's, `Maker: Name`; 0 without one. */
function nameStart(model) {
  const at = model.name.indexOf(": ");
  return at > 0 && at <= 40 ? at + 2 : 0;
}

/** Turns a model into a row: what is printed, sorted, filtered and searched. Numbers here are only shown and compared. */
function rowOf(model, authors, now) {
  const at = nameStart(model);
  const rates = model.price.usd_per_million_tokens;
  const created = model.created ? Date.parse(model.created) : 0;
  const row = {
    id: model.id,
    label: at ? model.name.slice(at) : model.name,
    author: authors.get(model.author) ?? model.author,
    category: model.category,
    context: model.context_tokens,
    state: model.price.state,
    input: rates.prompt === undefined ? null : Number(rates.prompt),
    output: rates.completion === undefined ? null : Number(rates.completion),
    has: new Set(model.capabilities),
    created,
    isNew: created > 0 && now - created < NEW_DAYS * DAY_MS,
    leavesOn: model.lifecycle.state === "deprecated" ? model.lifecycle.expires_on : null,
    fromOpenRouter: model.sources.includes("openrouter"),
    isCore: model.sources.some((source) => source !== "openrouter"),
  };
  row.hay = [model.id, model.name, ...model.aliases].join(" ").toLowerCase().replace(/[-_.]/g, " ");
  row.tight = row.hay.replace(/\s/g, "");
  return row;
}

/** Whether every word stands in the row's names, hyphens and points aside. */
function holds(row, words) {
  return words.every((word) => row.hay.includes(word) || row.tight.includes(word));
}

/** Reads and writes what one person keeps in this browser; a browser that refuses costs memory only. */
class Kept {
  constructor(key) {
    this.key = key;
    this.data = { favourites: [], recents: [] };
    try {
      const found = JSON.parse(localStorage.getItem(key) ?? "null");
      for (const name of Object.keys(this.data)) {
        if (Array.isArray(found?.[name])) this.data[name] = found[name].filter((id) => typeof id === "string");
      }
    } catch {
      // Storage is refused or holds something else; start empty.
    }
  }

  save() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.data));
    } catch {
      // Full or refused; what is in memory lasts as long as the page.
    }
  }

  toggleFavourite(id) {
    const { favourites } = this.data;
    this.data.favourites = favourites.includes(id) ? favourites.filter((kept) => kept !== id) : [id, ...favourites];
    this.save();
  }

  used(id) {
    this.data.recents = [id, ...this.data.recents.filter((kept) => kept !== id)].slice(0, 5);
    this.save();
  }
}

// ---- Words: numbers and states as people say them ----

const STATE_WORDS = {
  free: "Free",
  dynamic: "Varies by routed model",
  per_unit: "Priced per unit",
  unknown: "Price unknown",
};

function usd(amount) {
  if (amount >= 100) return `$${Number.isInteger(amount) ? amount : amount.toFixed(2)}`;
  const decimals = amount === 0 ? 2 : Math.max(2, 2 - Math.floor(Math.log10(amount)));
  const text = amount.toFixed(Math.min(decimals, 8));
  return `$${decimals > 2 ? text.replace(/0+$/, "").padEnd(4, "0") : text}`;
}

function priceWords(row) {
  if (row.state !== "priced") return STATE_WORDS[row.state] ?? STATE_WORDS.unknown;
  const parts = [];
  if (row.input !== null) parts.push(`${usd(row.input)} in`);
  if (row.output !== null) parts.push(`${usd(row.output)} out`);
  return parts.join(" · ") || STATE_WORDS.unknown;
}

function tokens(count) {
  if (count === null || count === undefined) return null;
  for (const [unit, suffix] of [[1e6, "M"], [1e3, "K"]]) {
    if (count >= unit) return `${Number((count / unit).toPrecision(3))}${suffix}`;
  }
  return String(count);
}

function ago(text) {
  const minutes = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 60_000));
  if (minutes < 120) return `${minutes} min ago`;
  return minutes < 2_880 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1_440)} days ago`;
}

function dayWords(text) {
  return new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

/** Builds an element; texts become text nodes, so nothing that a catalog says is ever read as HTML. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const INLINE = /\*\*([^*]+)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** Returns the little Markdown that descriptions hold as nodes; only http and https links stay links. */
function markdown(text) {
  return text.split(/\n{2,}/).map((paragraph) => {
    const node = make("p", { dir: "auto" });
    let from = 0;
    for (const found of paragraph.matchAll(INLINE)) {
      node.append(paragraph.slice(from, found.index));
      const [whole, strong, code, label, target] = found;
      if (strong) node.append(make("strong", {}, strong));
      else if (code) node.append(make("code", {}, code));
      else if (/^https?:\/\//i.test(target)) node.append(make("a", { href: target, rel: "noopener noreferrer", target: "_blank" }, label));
      else node.append(label);
      from = found.index + whole.length;
    }
    node.append(paragraph.slice(from));
    return node;
  });
}

// ---- Icons: sixteen units square, drawn with the colour of the text ----

const ICONS = {
  tools: ["Tools", "M10.5 2a3.5 3.5 0 0 0-3.3 4.6L2.5 11.3a1.6 1.6 0 0 0 2.2 2.2l4.7-4.7A3.5 3.5 0 0 0 13.8 4.4L11.7 6.4 9.6 6 9.2 4l2.1-2z"],
  vision: ["Vision", "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"],
  reasoning: ["Reasoning", "M6 13.5h4M6.5 11.5c0-1.6-2-2.3-2-5a3.5 3.5 0 0 1 7 0c0 2.7-2 3.4-2 5z"],
};

function icon(name) {
  const [words, path] = ICONS[name];
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", role: "img", "aria-label": words, class: "icon" })) svg.setAttribute(key, value);
  const title = document.createElementNS(space, "title");
  title.textContent = words;
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(title, line);
  return svg;
}

// ---- Style: a constructed sheet, which the strictest policy allows ----

const ROW_PX = 60;
const HEAD_PX = 34;
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
:host { --ink: #1b1d22; --soft: #5b606b; --line: #dcdfe5; --paper: #fff; --wash: #f5f6f8; --mark: #2453c9; --glow: #e9effc;
  --good: #17663a; --warn: #8a4b00; color-scheme: light dark; display: block; position: relative;
  font: 15px/1.4 system-ui, sans-serif; color: var(--ink); container-type: inline-size; text-align: start; }
@media (prefers-color-scheme: dark) { :host { --ink: #e9ebf0; --soft: #a4aab6; --line: #363b45; --paper: #191c22; --wash: #22262e;
  --mark: #8db1ff; --glow: #26334f; --good: #7fd6a2; --warn: #f1b76a; } }
:host([hidden]) { display: none }
* { box-sizing: border-box }
button, select, input { font: inherit; color: inherit }
input { width: 100%; padding: 11px 14px; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); }
input:disabled { opacity: .6; cursor: not-allowed }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 1px }
.said { margin: 6px 2px 0; color: var(--soft); font-size: 13px; min-height: 18px }
.panel { position: absolute; inset-inline: 0; top: 50px; z-index: 20; background: var(--paper); border: 1px solid var(--line);
  border-radius: 12px; box-shadow: 0 12px 32px rgb(0 0 0 / .16); overflow: hidden; min-width: min(100%, 280px) }
:host([inline]) .panel { position: static; box-shadow: none; margin-top: 10px }
.panel:focus { outline: none } .panel[hidden] { display: none }
input::placeholder { color: var(--soft); opacity: 1 }
.tools { display: flex; flex-wrap: wrap; gap: 8px; padding: 12px; border-bottom: 1px solid var(--line); align-items: center }
.chip { border: 1px solid var(--line); background: var(--paper); border-radius: 99px; padding: 4px 12px; cursor: pointer; font-size: 13px; min-height: 30px }
.chip[aria-pressed=true] { background: var(--glow); border-color: var(--mark); color: var(--mark) }
select { border: 1px solid var(--line); border-radius: 8px; background: var(--paper); padding: 4px 8px; font-size: 13px; min-height: 30px }
.orders { margin-inline-start: auto; display: flex; gap: 8px }
.body { display: grid; grid-template-columns: minmax(0, 1fr) }
.list { position: relative; overflow-y: auto; height: min(420px, 60vh); overscroll-behavior: contain }
.space { position: relative; list-style: none }
.row, .head { position: absolute; inset-inline: 0; top: 0; padding-inline: 14px }
.head { height: ${HEAD_PX}px; padding-top: 12px; font-size: 12px; font-weight: 600; color: var(--soft) }
.row { height: ${ROW_PX}px; padding-block: 9px; cursor: pointer; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 1px 14px; align-content: center }
.row[data-active] { background: var(--wash); box-shadow: inset 3px 0 var(--mark) }
:host(:dir(rtl)) .row[data-active] { box-shadow: inset -3px 0 var(--mark) }
.row[aria-selected=true] .name { color: var(--mark) }
.name { font-weight: 550; display: flex; gap: 8px; align-items: center; min-width: 0 }
.name > bdi, .by { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.price { font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 13px; text-align: end }
.by, .facts { color: var(--soft); font-size: 13px; min-width: 0 }
.facts { display: flex; gap: 7px; align-items: center; justify-content: flex-end }
.icon { width: 15px; height: 15px; fill: none; stroke: currentColor; stroke-width: 1.3; stroke-linejoin: round; stroke-linecap: round; flex: none }
.mark { font-size: 11px; font-weight: 600; border-radius: 5px; padding: 1px 6px; background: var(--glow); color: var(--mark); white-space: nowrap; flex: none }
.mark.leaving { background: none; box-shadow: inset 0 0 0 1px currentColor; color: var(--warn) }
.free { color: var(--good) }
.note { padding: 40px 20px; text-align: center; color: var(--soft) }
.note button, .bar button, .about button { margin-inline-start: 8px; border: 1px solid var(--line); border-radius: 8px; background: var(--paper); padding: 5px 12px; cursor: pointer }
.bar { padding: 9px 14px; font-size: 13px; color: var(--warn); border-bottom: 1px solid var(--line) }
.about { display: none; padding: 16px 18px; border-top: 1px solid var(--line); overflow: auto; max-height: 300px; overflow-wrap: anywhere; font-size: 14px }
.about .title { font-size: 16px; font-weight: 650 } .about code { font-size: 12.5px; color: var(--soft) } .about p { margin: 10px 0 }
.about dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 5px 14px; margin: 12px 0; font-size: 13px }
.about dt { color: var(--soft) } .about dd { margin: 0 } .about a { color: var(--mark) }
.about .choices { display: flex; gap: 8px; margin-top: 12px } .about .choices button { margin: 0 }
.about .choose { background: var(--mark); border-color: var(--mark); color: var(--paper); font-weight: 600 }
.about.is-shown { display: block }
@container (min-width: 720px) {
  .body { grid-template-columns: minmax(0, 1fr) 320px }
  .about { display: block; border-top: 0; border-inline-start: 1px solid var(--line); max-height: min(420px, 60vh) }
}
@media (prefers-reduced-motion: no-preference) { .chip { transition: background-color .12s } }
@media (forced-colors: active) { .row[data-active] { outline: 2px solid Highlight; outline-offset: -2px } }
`);

// ---- The element ----

const CHIPS = {
  favourites: ["Favourites", (row, picker) => picker.kept.data.favourites.includes(row.id)],
  free: ["Free", (row) => row.state === "free"],
  tools: ["Tools", (row) => row.has.has("tools")],
  vision: ["Vision", (row) => row.has.has("vision")],
  reasoning: ["Reasoning", (row) => row.has.has("reasoning")],
  long: ["Long context", (row) => row.context >= LONG_CONTEXT_TOKENS],
  core: ["Core", (row) => row.isCore],
};
const dearest = (row) => (row.state === "free" ? 0 : row.state === "priced" ? (row.input ?? 0) + (row.output ?? 0) : Infinity);
const SORTS = {
  default: ["Recommended first", null],
  price: ["Lowest price first", (a, b) => dearest(a) - dearest(b) || 0],
  context: ["Largest context first", (a, b) => (b.context ?? 0) - (a.context ?? 0)],
  newest: ["Newest first", (a, b) => b.created - a.created],
};
const GROUPS = { none: ["No groups", null], author: ["By provider", (row) => row.author], category: ["By category", (row) => row.category ?? "Other"] };

class ModelPicker extends HTMLElement {
  static formAssociated = true;
  static observedAttributes = ["value", "required", "disabled", "label", "src", "user"];

  constructor() {
    super();
    this.internals = this.attachInternals();
    this.rows = [];
    this.byId = new Map();
    this.shown = [];
    this.places = [];
    this.active = -1;
    this.on = new Set();
    this.sort = "default";
    this.group = "none";
    this.ranked = null;
    this.details = new Map();
    this.state = "loading";
    this.choice = "";
    this.isOpen = false;
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [SHEET];
    this.build(root);
  }

  build(root) {
    this.input = make("input", {
      type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": "list", placeholder: "Search models", enterkeyhint: "done",
    });
    this.chips = Object.entries(CHIPS).map(([name, [words]]) =>
      make("button", { type: "button", class: "chip", "aria-pressed": "false", "data-chip": name, onclick: () => this.toggle(name) }, words));
    const choice = (name, words, options) =>
      make("select", { "aria-label": words, onchange: (event) => this.arrange(name, event) },
        ...Object.entries(options).map(([value, [text]]) => make("option", { value }, text)));
    this.space = make("div", { class: "space", role: "presentation" });
    this.list = make("div", { class: "list", role: "listbox", id: "list", "aria-label": "Models", tabindex: "-1", onscroll: () => this.paint() }, this.space);
    this.bar = make("div", { class: "bar", hidden: true });
    this.about = make("section", { class: "about", "aria-label": "About the model", tabindex: "0" });
    this.said = make("div", { class: "said", role: "status" });
    this.panel = make("div", { class: "panel", hidden: true, tabindex: "-1" },
      make("div", { class: "tools" }, ...this.chips,
        make("span", { class: "orders" }, choice("group", "Groups", GROUPS), choice("sort", "Order", SORTS))),
      this.bar, make("div", { class: "body" }, this.list, this.about));
    root.append(this.input, this.panel, this.said);
    this.input.addEventListener("input", (event) => { event.stopPropagation(); this.open(); this.typed(); });
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.space.addEventListener("mousedown", (event) => event.preventDefault());
    this.space.addEventListener("click", (event) => {
      const at = event.target.closest?.("[data-at]");
      if (at) this.choose(this.shown[Number(at.dataset.at)].id);
    });
    this.space.addEventListener("mousemove", (event) => {
      const at = event.target.closest?.("[data-at]");
      if (at && Number(at.dataset.at) !== this.active) this.activate(Number(at.dataset.at), false);
    });
    root.addEventListener("focusout", (event) => {
      if (!root.contains(event.relatedTarget)) this.close();
    });
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen && !this.hasAttribute("inline")) { this.close(); this.input.focus(); event.stopPropagation(); }
    });
  }

  connectedCallback() {
    this.kept = new Kept(`model-picker:${this.getAttribute("user") ?? ""}`);
    this.input.setAttribute("aria-label", this.getAttribute("label") ?? "Model");
    if (this.hasAttribute("inline")) this.open();
    this.validate();
    this.wasOnline = () => { if (this.state !== "ready") this.load(); };
    addEventListener("online", this.wasOnline);
    this.watch = new ResizeObserver(() => this.paint());
    this.watch.observe(this.list);
    this.load();
  }

  disconnectedCallback() {
    removeEventListener("online", this.wasOnline);
    this.watch.disconnect();
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  attributeChangedCallback(name, before, after) {
    if (name === "value" && !this.isTouched) this.set(after ?? "");
    if (name === "label") this.input.setAttribute("aria-label", after ?? "Model");
    if (name === "disabled") this.input.disabled = after !== null;
    if (name === "required") this.validate();
    if (before !== after && this.isConnected && name === "user") this.kept = new Kept(`model-picker:${after ?? ""}`);
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
  checkValidity() { return this.internals.checkValidity(); }
  reportValidity() { return this.internals.reportValidity(); }
  formResetCallback() { this.isTouched = false; this.set(this.getAttribute("value") ?? ""); }
  formDisabledCallback(is) { this.input.disabled = is; if (is) this.close(); }
  formStateRestoreCallback(state) { this.value = state; }

  get base() { return new URL(`${(this.getAttribute("src") ?? new URL(".", import.meta.url).href).replace(/\/+$/, "")}/`, document.baseURI); }

  async load() {
    const key = `model-picker:list:${this.base}`;
    if (!this.rows.length) { this.state = "loading"; this.refresh(); }
    try {
      const response = await fetch(new URL(`models?fields=${FIELDS}`, this.base));
      if (!response.ok) throw new Error(`The registry answered ${response.status}.`);
      const answer = await response.json();
      this.take(answer);
      this.state = "ready";
      try { localStorage.setItem(key, JSON.stringify(answer)); } catch { /* no room: no copy for offline days */ }
    } catch (error) {
      this.reason = error.message;
      let copy = null;
      try { copy = JSON.parse(localStorage.getItem(key) ?? "null"); } catch { /* no copy */ }
      if (!this.rows.length && copy) this.take(copy);
      this.state = this.rows.length ? "offline" : "error";
    }
    this.refresh();
    this.tell();
  }

  take(list) {
    const now = Date.now();
    const named = list.models.filter(nameStart).reverse();
    const authors = new Map(named.map((model) => [model.author, model.name.slice(0, nameStart(model) - 2)]));
    this.rows = list.models.map((model) => rowOf(model, authors, now));
    this.byId = new Map(this.rows.map((row) => [row.id, row]));
    this.isStale = list.stale;
    this.updatedAt = list.updated_at;
  }

  set(id) {
    this.choice = String(id);
    this.internals.setFormValue(this.choice || null);
    this.validate();
    if (!this.isOpen || this.hasAttribute("inline")) this.print();
    this.tell();
    this.paint();
  }

  validate() {
    if (this.required && !this.choice) this.internals.setValidity({ valueMissing: true }, "Pick a model.", this.input);
    else this.internals.setValidity({});
    this.input.setAttribute("aria-required", String(this.required));
  }

  /** Confirms the choice in words. */
  tell() {
    const row = this.byId.get(this.choice);
    if (!this.choice) this.said.textContent = this.rows.length && this.isOpen ? `${this.shown.length} models` : "";
    else if (!row) this.said.textContent = this.rows.length ? `${this.choice} is not in the list any more; pick another model.` : this.choice;
    else {
      const parts = [`Selected: ${row.label} by ${row.author}`, row.context && `reads ${tokens(row.context)} tokens`, priceWords(row) + (row.state === "priced" ? " per 1M tokens" : "")];
      this.said.textContent = `${parts.filter(Boolean).join(", ")}.`;
    }
    if (!this.isOpen) this.print();
  }

  print() {
    if (this.hasAttribute("inline") && this.isOpen) return;
    this.input.value = this.choice ? this.byId.get(this.choice)?.label ?? this.choice : "";
  }

  open() {
    if (this.isOpen || this.input.disabled) return;
    this.isOpen = true;
    this.panel.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    if (!this.hasAttribute("inline")) this.input.select();
    this.words = [];
    this.ranked = null;
    this.refresh();
    const at = this.shown.findIndex((row) => row.id === this.choice);
    if (at >= 0) this.activate(at, true);
  }

  close() {
    if (!this.isOpen || this.hasAttribute("inline")) return;
    this.isOpen = false;
    this.panel.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    clearTimeout(this.timer);
    this.asking?.abort();
    this.tell();
  }

  /** Searches here at once, and asks the registry when the typing pauses. */
  typed() {
    const text = this.input.value.trim();
    this.words = text.toLowerCase().replace(/[-_.]/g, " ").split(/\s+/).filter(Boolean);
    this.ranked = null;
    this.refresh();
    this.activate(this.shown.length ? 0 : -1, true);
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
      this.activate(this.shown.length ? 0 : -1, true);
    } catch {
      // Cancelled or offline: what was found here stays.
    }
  }

  toggle(name) {
    if (!this.on.delete(name)) this.on.add(name);
    for (const chip of this.chips) chip.setAttribute("aria-pressed", String(this.on.has(chip.dataset.chip)));
    this.refresh();
  }

  arrange(name, event) {
    event.stopPropagation();
    this[name] = event.target.value;
    this.refresh();
  }

  clear() {
    this.on.clear();
    this.input.value = "";
    for (const chip of this.chips) chip.setAttribute("aria-pressed", "false");
    this.typed();
    this.input.focus();
  }

  /** Works out what is shown, in which order and where. */
  refresh() {
    if (!this.isOpen) return;
    const words = this.words ?? [];
    let found = this.ranked
      ? this.ranked.map((id) => this.byId.get(id)).filter(Boolean)
      : this.rows.filter((row) => holds(row, words));
    found = found.filter((row) => [...this.on].every((name) => CHIPS[name][1](row, this)));
    const order = SORTS[this.sort][1];
    if (order) found = [...found].sort(order);
    const groups = new Map();
    const put = (title, row) => { if (!groups.has(title)) groups.set(title, []); groups.get(title).push(row); };
    const groupOf = GROUPS[this.group][1];
    const { favourites, recents } = this.kept?.data ?? { favourites: [], recents: [] };
    const isPlain = !words.length && !this.on.size && !order && !groupOf;
    if (isPlain) for (const id of favourites) if (this.byId.has(id)) put("Favourites", this.byId.get(id));
    if (isPlain) for (const id of recents) if (this.byId.has(id) && !favourites.includes(id)) put("Recent", this.byId.get(id));
    const first = new Set(isPlain ? [...favourites, ...recents] : []);
    const rest = isPlain && groups.size ? "All models" : "";
    for (const row of found) if (!first.has(row.id)) put(groupOf ? groupOf(row) : rest, row);
    this.shown = [];
    this.places = [];
    let top = 0;
    for (const [title, rows] of groups) {
      if (title) { this.places.push({ top, title }); top += HEAD_PX; }
      for (const row of rows) { this.places.push({ top, at: this.shown.length }); this.shown.push(row); top += ROW_PX; }
    }
    this.topOf = this.places.filter((place) => place.at !== undefined).map((place) => place.top);
    this.space.style.height = `${top}px`;
    this.active = Math.min(this.active, this.shown.length - 1);
    this.list.scrollTop = Math.min(this.list.scrollTop, Math.max(0, top - this.list.clientHeight));
    this.notes();
    this.paint();
    if (this.active < 0 && this.shown.length) this.describe(this.shown[0]);
    if (!this.choice || words.length) this.said.textContent = this.state === "loading" ? "Loading models" : `${this.shown.length} ${this.shown.length === 1 ? "model" : "models"}`;
  }

  notes() {
    this.note?.remove();
    this.bar.hidden = true;
    const again = () => make("button", { type: "button", onclick: () => this.load() }, "Try again");
    const bar = (words) => { this.bar.replaceChildren(words, again()); this.bar.hidden = false; };
    if (this.state === "offline") bar(`No connection to the registry: this is the list of ${ago(this.updatedAt)}.`);
    else if (this.isStale) bar("Prices may be out of date: the registry could not reach its source.");
    let words = null;
    if (this.state === "loading") words = ["Loading models …"];
    else if (this.state === "error") words = [`The models can’t be loaded. ${this.reason}`, again()];
    else if (!this.shown.length) words = [this.on.has("favourites") && !this.kept.data.favourites.length ? "No favourites yet: the star beside a model keeps it here." : "No model matches.", make("button", { type: "button", onclick: () => this.clear() }, "Clear search and filters")];
    this.list.hidden = words !== null;
    if (words) { this.note = make("div", { class: "note" }, ...words); this.list.before(this.note); }
  }

  /** Draws the rows in view and a few around them. */
  paint() {
    if (!this.isOpen || !this.places.length) { this.space.replaceChildren(); return; }
    const from = this.list.scrollTop - ROW_PX * 4;
    const to = this.list.scrollTop + this.list.clientHeight + ROW_PX * 4;
    let low = 0;
    let high = this.places.length;
    while (low < high) { const middle = (low + high) >> 1; if (this.places[middle].top < from) low = middle + 1; else high = middle; }
    const drawn = [];
    for (; low < this.places.length && this.places[low].top < to; low += 1) drawn.push(this.draw(this.places[low]));
    this.space.replaceChildren(...drawn);
    const id = this.active >= 0 ? `option-${this.active}` : null;
    if (id && this.shadowRoot.getElementById(id)) this.input.setAttribute("aria-activedescendant", id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  draw({ top, title, at }) {
    let node;
    if (title) node = make("div", { class: "head", role: "presentation", "aria-hidden": "true" }, title);
    else {
      const row = this.shown[at];
      const isFavourite = this.kept.data.favourites.includes(row.id);
      const context = tokens(row.context);
      node = make("div", {
        class: "row", role: "option", id: `option-${at}`, "data-at": at, "data-active": at === this.active,
        "aria-selected": String(row.id === this.choice), "aria-posinset": at + 1, "aria-setsize": this.shown.length,
      },
      make("div", { class: "name" }, make("bdi", {}, row.label), isFavourite ? make("span", { role: "img", "aria-label": "Favourite" }, "★") : null,
        row.isNew ? make("span", { class: "mark" }, "New") : null,
        row.leavesOn ? make("span", { class: "mark leaving" }, `Leaves ${dayWords(row.leavesOn)}`) : null),
      make("div", { class: row.state === "free" ? "price free" : "price" }, priceWords(row)),
      make("div", { class: "by", dir: "auto" }, row.author),
      make("div", { class: "facts" }, ...Object.keys(ICONS).filter((name) => row.has.has(name)).map(icon),
        context ? make("span", {}, `${context} context`) : null));
    }
    node.style.transform = `translateY(${top}px)`;
    return node;
  }

  activate(at, isScrolled) {
    this.active = at;
    if (at >= 0 && isScrolled) {
      const top = this.topOf[at];
      if (top < this.list.scrollTop + HEAD_PX) this.list.scrollTop = Math.max(0, top - HEAD_PX);
      else if (top + ROW_PX > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + ROW_PX - this.list.clientHeight;
    }
    this.paint();
    if (at >= 0) this.describe(this.shown[at]);
  }

  pressed(event) {
    const last = this.shown.length - 1;
    const page = Math.max(1, Math.floor(this.list.clientHeight / ROW_PX) - 1);
    const moves = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page };
    if (event.key === "ArrowDown" && !this.isOpen) this.open();
    else if (event.key in moves && this.isOpen) {
      if (last >= 0) this.activate(Math.max(0, Math.min(last, moves[event.key])), true);
    } else if ((event.key === "Home" || event.key === "End") && this.isOpen && !event.shiftKey && last >= 0) this.activate(event.key === "Home" ? 0 : last, true);
    else if (event.key === "Enter" && this.isOpen && this.active >= 0) this.choose(this.shown[this.active].id);
    else return;
    event.preventDefault();
  }

  choose(id) {
    const isOther = id !== this.choice;
    this.isTouched = true;
    this.kept.used(id);
    this.close();
    this.set(id);
    if (!this.hasAttribute("inline")) this.input.focus();
    if (!isOther) return;
    this.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Shows what the list has no room for; asked for when somebody rests on a model. */
  describe(row) {
    if (this.described === row.id && this.about.childElementCount) return;
    this.described = row.id;
    this.tellAbout(row, this.details.get(row.id));
    clearTimeout(this.resting);
    if (!this.details.has(row.id)) this.resting = setTimeout(() => this.lookUp(row), SEARCH_DELAY_MS);
  }

  async lookUp(row) {
    try {
      const response = await fetch(new URL(`models/${row.id.split("/").map(encodeURIComponent).join("/")}`, this.base));
      if (!response.ok) return;
      this.details.set(row.id, await response.json());
      if (this.described === row.id) this.tellAbout(row, this.details.get(row.id));
    } catch {
      // Offline: the facts of the list are shown.
    }
  }

  tellAbout(row, model) {
    const facts = [["Price", priceWords(row) + (row.state === "priced" ? " per 1M tokens" : "")], ["Context", row.context ? `${row.context.toLocaleString("en")} tokens` : "unknown"]];
    if (model) {
      const rates = (from) => Object.entries(from.usd_per_million_tokens).map(([key, value]) => `${key.replaceAll("_", " ")} ${usd(Number(value))}`).join(", ");
      const more = Object.entries(model.price.usd_per_million_tokens).filter(([key]) => key !== "prompt" && key !== "completion");
      for (const [key, value] of more) facts.push([key.replaceAll("_", " "), `${usd(Number(value))} per 1M`]);
      for (const [key, value] of Object.entries(model.price.usd_per_unit)) facts.push([`per ${key.replaceAll("_", " ")}`, usd(Number(value))]);
      for (const tier of model.price.tiers) facts.push([`above ${tokens(tier.min_prompt_tokens)} tokens`, rates(tier)]);
      for (const hours of model.price.windows) facts.push([hours.utc_start ? `${hours.utc_start} to ${hours.utc_end} UTC` : hours.utc_days.join(", "), rates(hours)]);
      if (model.max_output_tokens) facts.push(["Answer up to", `${model.max_output_tokens.toLocaleString("en")} tokens`]);
      if (model.created) facts.push(["Since", dayWords(model.created)]);
      if (row.leavesOn) facts.push(["Leaves on", dayWords(row.leavesOn)]);
      if (model.supported_parameters.length) facts.push(["Parameters", model.supported_parameters.join(", ")]);
      facts.push(["Known from", `${model.sources.join(", ")}, list of ${ago(this.updatedAt)}`]);
    }
    const isFavourite = this.kept.data.favourites.includes(row.id);
    const star = make("button", { type: "button", "aria-pressed": String(isFavourite), onclick: () => this.star(row) }, isFavourite ? "★ Favourite" : "☆ Favourite");
    this.about.classList.add("is-shown");
    this.about.replaceChildren(make("div", { class: "title", dir: "auto" }, row.label), make("code", {}, row.id), ...(model?.description ? markdown(model.description) : []),
      make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
      make("div", { class: "choices" }, make("button", { type: "button", class: "choose", onclick: () => this.choose(row.id) }, "Use this model"), star));
  }

  star(row) {
    this.kept.toggleFavourite(row.id);
    this.tellAbout(row, this.details.get(row.id));
    this.about.querySelector("[aria-pressed]").focus();
    this.refresh();
  }
}

if (!customElements.get("model-picker")) customElements.define("model-picker", ModelPicker);
