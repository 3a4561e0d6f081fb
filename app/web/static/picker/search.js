// The search: what is typed is looked for here at once, and asked of the registry when the typing pauses.

import { wordsOf } from "./rows.js";

const SEARCH_DELAY_MS = 120;

export class Search {
  /** `picker` is told when an answer is there. */
  constructor(picker) {
    this.picker = picker;
    this.forget();
  }

  /** Looks for nothing any more. */
  forget() {
    this.stop();
    this.words = [];
    this.ranked = null;
    this.heard = "";
    // Whether somebody has gone to a row.
    this.hasMoved = false;
  }

  /** Waits for no answer any more. */
  stop() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = null;
    this.isPending = false;
  }

  /** Takes what was typed; while the list loads, the registry is asked as soon as it is there. */
  begin(text) {
    this.forget();
    this.words = wordsOf(text);
    const { state } = this.picker.catalog;
    this.isPending = text !== "" && ["ready", "loading"].includes(state);
    if (this.isPending && state === "ready") this.timer = setTimeout(() => this.ask(text), SEARCH_DELAY_MS);
  }

  /** Asks the registry; whoever has gone to a row meanwhile stays on it, and so does everybody when it is asked again. */
  async ask(text) {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const { picker } = this;
    const found = await picker.catalog.search(text, asking.signal);
    if (this.asking !== asking) return;
    this.stop();
    const { activeRow } = picker.list;
    const isKept = this.hasMoved || this.ranked !== null;
    if (found) [this.ranked, this.heard] = [found.rows, found.words];
    picker.refresh();
    if (!found) return;
    const { shown } = picker.list;
    const at = isKept ? shown.findIndex(({ id }) => id === activeRow?.id) : -1;
    picker.list.activate(at >= 0 ? at : shown.length ? 0 : -1, true);
  }
}
