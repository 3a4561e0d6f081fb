// Notes: what is not as it should be, in words, each with a way out.

import { ago, grouped } from "./words.js";
import { button, make } from "./nodes.js";

/** The line above the list, and what stands in the list's place. */
export class Notes {
  constructor(picker) {
    this.picker = picker;
    this.words = make("span", {});
    this.ways = make("span", { class: "choices" });
    this.bar = make("div", { class: "bar", hidden: true }, this.words, this.ways);
    this.node = make("div", { class: "note", hidden: true });
    this.isInPlaceOfList = false;
  }

  show() {
    const { picker } = this;
    this.showBar(barOf(picker));
    const note = noteOf(picker, () => this.again());
    this.isInPlaceOfList = note !== null;
    if (note) this.node.replaceChildren(...note);
    this.node.classList.toggle("is-loading", picker.catalog.state === "loading");
  }

  showBar(wrong) {
    const { news } = this.picker.line;
    const lost = wrong ? null : lostOf(this.picker);
    const words = wrong ?? lost?.words ?? "";
    // Said aloud when it is another, and only then.
    if (words === this.words.textContent) return;
    this.bar.hidden = !words;
    this.bar.classList.toggle("is-good", words === news);
    this.words.textContent = words;
    this.ways.replaceChildren(...(lost ? this.waysOut(lost) : wrong === news ? [] : [this.again()]));
  }

  /** What may be done about a favourite that has left the list. */
  waysOut({ id, successor }) {
    const { picker } = this;
    const replace = (others) => {
      const { kept } = picker;
      kept.put("favourites", [...new Set(kept.favourites.flatMap((one) => (one === id ? others : [one])))]);
      picker.refresh();
      picker.input.focus();
    };
    return [successor && button(`Keep ${successor.label} instead`, () => replace([successor.id])), button("Remove it", () => replace([]))].filter(Boolean);
  }

  again() {
    const { picker } = this;
    return button("Try again", async ({ currentTarget: pressed }) => {
      pressed.textContent = "Trying …";
      if (picker.kept.problem) picker.kept.read();
      await picker.load("no-cache");
      pressed.textContent = "Try again";
    });
  }
}

/** The line above the list, of something that is wrong although there is a list; null when nothing is. */
function barOf({ catalog, kept, line }) {
  const isCut = navigator.onLine === false && catalog.rows.length > 0;
  if (catalog.state === "offline" || isCut) return `No connection to the registry: the list is from ${ago(catalog.updatedAt)}, and only it is searched.`;
  if (line.news) return line.news;
  if (kept.problem) return kept.problem;
  if (catalog.isStale && catalog.rows.length) return `Prices may be out of date: the registry can’t reach its source. The list is from ${ago(catalog.updatedAt)}.`;
  return null;
}

/** A favourite that has left the list, in words, and what may be done about it; null while nobody looks at favourites. */
function lostOf({ catalog, kept, tools }) {
  if (catalog.state !== "ready" || !tools.on.has("favourites")) return null;
  const id = kept.favourites.find((one) => !catalog.byId.has(kept.idOf(one)));
  if (!id) return null;
  const known = kept.models?.[id];
  return { id, words: known?.message ?? `Your favourite ${id} is not in this list.`, successor: catalog.byId.get(known?.successor) ?? null };
}

/** What stands in place of the list, as nodes; null when there is a list. */
function noteOf(picker, again) {
  const { catalog, kept, list, tools } = picker;
  const told = (words, way) => [make("p", {}, words), way];
  if (catalog.state === "loading") return [make("p", {}, "Loading models …")];
  if (catalog.state === "error") return told(`The models can’t be loaded. ${catalog.reason}`, again());
  if (!catalog.rows.length) return told("The registry has no models yet.", again());
  if (list.shown.length) return null;
  if (picker.search.isPending) return [make("p", {}, "Searching …")];
  const isStarless = tools.on.has("favourites") && !kept.favourites.length;
  const words = isStarless ? "No favourites yet. “Favourite” in a model’s details keeps it here." : `None of ${grouped(catalog.rows.length)} models matches.`;
  return told(words, button("Clear search and filters", () => picker.clear()));
}

/** Says of an id that the list has not got it; only what the registry once listed is there no more. */
export function absentWords(id, { isPast = false, instead = "pick another model" } = {}) {
  return `${id} is not in ${isPast ? "the list any more" : "this list"}; ${instead}.`;
}

/** What became of a choice that is not in the list, in words, and the row that takes its place; null when none does. */
export async function fateOf(id, { catalog, kept }) {
  const known = kept.models?.[id];
  if (known?.message) return { words: known.message, successor: catalog.byId.get(known.successor) ?? null };
  const answer = await catalog.model(id);
  const successor = catalog.byId.get(answer?.alias_target ?? answer?.id ?? answer?.suggestions?.[0]) ?? null;
  const isPast = answer?.lifecycle?.state === "delisted";
  return { words: absentWords(id, { isPast, ...(successor && { instead: `${successor.label} comes closest` }) }), successor };
}
