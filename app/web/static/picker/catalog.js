// The catalog: the registry's list as rows, its search, and this browser's copy for when it can't be reached.

import { heardWords } from "./words.js";
import { FIELDS, rowsOf } from "./rows.js";
import { recall, remember } from "./kept.js";
import { released } from "./press.js";

// As many as a registry gives at once.
const MOST_FOUND = 1_000;
const GATEWAY_FAULTS = [502, 503, 504];

export class Catalog {
  /** `address` is asked for anew each time; `lost` is told when a registry that answered does so no more. States: loading, ready, offline (an older list is shown), error. */
  constructor(address, lost) {
    this.address = address;
    this.lost = lost;
    this.state = "loading";
    this.take({ models: [] });
  }

  take(list) {
    Object.assign(this, rowsOf(list.models), { isStale: list.stale, updatedAt: list.updated_at });
  }

  /** Reads the list; `cache` says what the browser may answer from, as in fetch. */
  async load(cache) {
    const key = `model-picker:list:${this.address()}`;
    try {
      const response = await fetch(new URL(`models?fields=${FIELDS}`, this.address()), { cache });
      if (!response.ok) throw new Error(`The registry answered ${response.status}.`);
      const answer = await response.json();
      await released();
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
  }

  /** The rows that the registry finds for a text, best first, and in words how it was heard; null when it can't be asked or the question is outdated. Its rows are null where it answers nothing of use. */
  async search(text, signal) {
    const url = new URL("models/search", this.address());
    url.search = new URLSearchParams({ q: text.slice(0, 256), fields: "name", limit: String(MOST_FOUND) });
    const answer = await this.read(url, signal);
    if (!answer) return null;
    if (!answer.models) return { rows: null, words: "the registry can’t search now, only names are looked through" };
    return { rows: answer.models.map((model) => this.byId.get(model.id)).filter(Boolean), words: heardWords(answer) };
  }

  /** The whole model, or the problem document that names what comes close; null when the registry can't be asked. */
  model(id) {
    return this.read(new URL(`models/${id.split("/").map(encodeURIComponent).join("/")}`, this.address()));
  }

  async read(url, signal) {
    try {
      const response = await fetch(url, { signal });
      // What stands in front of a registry that is gone answers for it.
      if (!GATEWAY_FAULTS.includes(response.status)) {
        const answer = await response.json();
        await released();
        return answer;
      }
    } catch (error) {
      // Only what fetch itself throws: who asked has changed his mind, or the body is no JSON.
      if (!(error instanceof TypeError)) return null;
    }
    if (this.state === "ready") {
      this.state = "offline";
      this.lost(this);
    }
    return null;
  }
}
