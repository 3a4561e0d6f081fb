// Kept: what one person's browser remembers. A browser that refuses costs memory only.

const RECENTS_KEPT = 5;
// As many as a registry keeps of each.
const MOST = { favourites: 100, recents: RECENTS_KEPT, hidden: 200 };
export const LISTS = Object.keys(MOST);

/** Reads JSON from this browser; null when there is none, it is broken, or storage is refused. */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** Writes JSON to this browser; full or refused, what is in memory lasts as long as the page. */
export function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Nothing is lost but the memory of it.
  }
}

/** Favourites, recents and hidden models of one person, in this browser alone; each as somebody once spelled it. */
export class Kept {
  /** `today` says the id that another name of a model means now. */
  constructor(user, today) {
    this.key = `model-picker:${user}`;
    this.today = today;
    this.problem = null;
    const found = recall(this.key);
    for (const name of LISTS) this[name] = Array.isArray(found?.[name]) ? found[name].filter((id) => typeof id === "string") : [];
    // What a registry was not told yet; this browser alone has nobody to tell.
    this.unsent = found?.unsent ?? {};
  }

  save() {
    remember(this.key, Object.fromEntries([...LISTS, "unsent"].map((name) => [name, this[name]])));
  }

  /** Takes another list over and keeps it. */
  put(name, ids) {
    this[name] = ids.slice(0, MOST[name]);
    this.save();
  }

  /** The id that goes by a spelling now. */
  idOf(spelling) {
    return this.today(spelling);
  }

  ids(name) {
    return new Set(this[name].map((spelling) => this.idOf(spelling)));
  }

  holds(name, id) {
    return this[name].some((spelling) => this.idOf(spelling) === id);
  }

  /** Adds an id to the favourites or the hidden models, or takes every spelling of it out. */
  toggle(name, id) {
    this.put(name, this.holds(name, id) ? this.without(name, id) : [id, ...this[name]]);
  }

  without(name, id) {
    return this[name].filter((spelling) => this.idOf(spelling) !== id);
  }

  /** Remembers a choice among the recents; an empty one is a choice taken back. */
  chose(id) {
    if (id) this.put("recents", [id, ...this.without("recents", this.idOf(id))]);
  }
}
