// The list: a listbox of which only the rows in view are drawn, so that 5,000 models scroll like 50.

import { leavingWords, priceWords, tokens } from "./words.js";
import { ICONS, button, icon, make } from "./nodes.js";

export const HEAD_PX = 34;
// Up to this width a name has a line of its own, and a row three.
export const NARROW_PX = 400;
const ROW_PX = 60;
const NARROW_ROW_PX = 82;
const DRAWN_BEYOND = 4;

export class RowList {
  /** `picker` tells the choice and the favourites, and is told of choices and of the row that is looked at. */
  constructor(picker) {
    this.picker = picker;
    this.shown = [];
    this.places = [];
    this.drawn = new Map();
    this.active = -1;
    this.space = make("div", { class: "space", role: "listbox", id: "list", "aria-label": "Models" });
    // An option may hold no button, so those that tell of a model stand beside the listbox and move with it.
    this.infos = make("div", { class: "infos", role: "group", "aria-label": "About the models" });
    this.node = make("div", { class: "list", tabindex: "-1", onscroll: () => this.paint() }, this.space, this.infos);
    const rowAt = (event) => event.target.closest?.("[data-at]")?.dataset.at;
    // The field keeps the focus while the mouse is in the list.
    this.node.addEventListener("mousedown", (event) => { if (event.target !== this.node) event.preventDefault(); });
    this.space.addEventListener("click", (event) => {
      const at = rowAt(event);
      if (at !== undefined) picker.choose(this.shown[Number(at)].id);
    });
    this.space.addEventListener("mousemove", (event) => {
      const at = rowAt(event);
      if (at !== undefined && Number(at) !== this.active) this.goTo(Number(at), false);
    });
  }

  get activeRow() { return this.shown[this.active] ?? null; }
  get neededRowPx() { return this.picker.clientWidth <= NARROW_PX ? NARROW_ROW_PX : ROW_PX; }

  /** Takes rows under their titles and works out where each stands. */
  show(groups) {
    this.shown = [];
    this.places = [];
    this.topOf = [];
    this.rowPx = this.neededRowPx;
    this.node.style.setProperty("--row", `${this.rowPx}px`);
    let top = 0;
    for (const [title, rows] of groups) {
      if (title) { this.places.push({ top, title }); top += HEAD_PX; }
      for (const row of rows) {
        this.places.push({ top, at: this.shown.length });
        this.topOf.push(top);
        this.shown.push(row);
        top += this.rowPx;
      }
    }
    this.space.style.height = `${top}px`;
    this.active = Math.min(this.active, this.shown.length - 1);
    this.node.scrollTop = Math.min(this.node.scrollTop, Math.max(0, top - this.node.clientHeight));
  }

  /** Draws the rows in view and a few around them. */
  paint() {
    const from = this.node.scrollTop - this.rowPx * DRAWN_BEYOND;
    const to = this.node.scrollTop + this.node.clientHeight + this.rowPx * DRAWN_BEYOND;
    let low = 0;
    let high = this.places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.places[middle].top < from) low = middle + 1;
      else high = middle;
    }
    const before = this.drawn;
    this.drawn = new Map();
    for (; low < this.places.length && this.places[low].top < to; low += 1) {
      const key = this.keyOf(this.places[low]);
      this.drawn.set(key, before.get(key) ?? this.drawnAt(this.places[low]));
    }
    const nodes = [...this.drawn.values()];
    settle(this.space, nodes);
    settle(this.infos, nodes.map((node) => node.info).filter(Boolean));
    this.point();
  }

  /** What a drawn node depends on; a node that would look the same stays, so that no click falls between two. */
  keyOf({ top, title, at }) {
    if (title) return `${top} ${title}`;
    const { kept, choice, compared, catalog } = this.picker;
    const { id } = this.shown[at];
    return [top, at, this.shown.length, id === choice, kept.holds("favourites", id), compared.includes(id), catalog.loadedAt, id].join(" ");
  }

  /** Marks the active row, and tells the field which one it is. */
  point() {
    for (const node of this.drawn.values()) {
      const isActive = Number(node.dataset.at) === this.active;
      node.toggleAttribute("data-active", isActive);
      if (node.info) node.info.tabIndex = isActive || (this.active < 0 && node.dataset.at === "0") ? 0 : -1;
    }
    const { input } = this.picker;
    const active = this.space.querySelector("[data-active]");
    if (active) input.setAttribute("aria-activedescendant", active.id);
    else input.removeAttribute("aria-activedescendant");
  }

  drawnAt({ top, title, at }) {
    const node = title ? make("div", { class: "head", role: "presentation", "aria-hidden": "true" }, title) : this.drawnRow(at);
    for (const part of [node, node.info]) if (part) part.style.transform = `translateY(${top}px)`;
    return node;
  }

  drawnRow(at) {
    const row = this.shown[at];
    const { kept, choice, compared } = this.picker;
    const context = tokens(row.context);
    const node = make("div", {
      class: "row", role: "option", id: `option-${at}`, "data-at": at,
      "aria-selected": String(row.id === choice), "aria-posinset": at + 1, "aria-setsize": this.shown.length,
    },
    make("div", { class: "name" }, make("bdi", {}, row.label),
      kept.holds("favourites", row.id) ? make("span", { role: "img", "aria-label": "Favourite" }, "★") : null,
      row.isNew ? make("span", { class: "mark" }, "New") : null,
      row.leavesOn ? make("span", { class: "mark leaving" }, leavingWords(row.leavesOn)) : null,
      compared.includes(row.id) ? make("span", { class: "mark" }, "Compared") : null),
    make("div", { class: row.state === "free" ? "price free" : "price" }, priceWords(row)),
    make("div", { class: "by" }, make("bdi", {}, row.author)),
    make("div", { class: "facts" }, ...Object.keys(ICONS).filter((name) => row.has.has(name)).map(icon),
      context ? make("span", {}, `${context} context`) : null));
    node.info = button(make("span", { "aria-hidden": "true" }, "i"), () => this.picker.readOf(at), { class: "info", "aria-label": `About ${row.label}` });
    return node;
  }

  /** Goes back to the row that was read about; the field is next best. */
  focusActive() {
    this.activate(this.active, true);
    (this.infos.querySelector("[tabindex='0']") ?? this.picker.input).focus();
  }

  /** Makes a row the active one; `isScrolled` brings it into view. */
  activate(at, isScrolled) {
    this.active = at;
    if (at >= 0 && isScrolled) {
      const top = this.topOf[at];
      if (top < this.node.scrollTop + HEAD_PX) this.node.scrollTop = Math.max(0, top - HEAD_PX);
      else if (top + this.rowPx > this.node.scrollTop + this.node.clientHeight) this.node.scrollTop = top + this.rowPx - this.node.clientHeight;
    }
    this.paint();
    if (at >= 0) this.picker.details.describe(this.shown[at]);
  }

  /** Makes the row active that somebody has gone to: an answer that comes later leaves it so. */
  goTo(at, isScrolled) {
    this.picker.search.hasMoved = true;
    this.activate(at, isScrolled);
  }

  /** Moves the active row as a key says; tells whether the key meant anything. */
  moved(event) {
    const last = this.shown.length - 1;
    const page = Math.max(1, Math.floor(this.node.clientHeight / this.rowPx) - 1);
    const moves = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page };
    if (!event.shiftKey) Object.assign(moves, { Home: 0, End: last });
    if (!(event.key in moves)) return false;
    if (last >= 0) this.goTo(Math.max(0, Math.min(last, moves[event.key])), true);
    return true;
  }
}

/** Puts nodes into their parent in this order, takes the others out, and leaves alone what stands where it should. */
function settle(parent, nodes) {
  const kept = new Set(nodes);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let next = parent.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
}
