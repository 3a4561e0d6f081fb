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

/** Favourites, recents and hidden models of one person, in this browser alone. */
export class Kept {
  constructor(user) {
    this.key = `model-picker:${user}`;
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

  /** Adds an id to the favourites or the hidden models, or takes it out. */
  toggle(name, id) {
    this.put(name, this[name].includes(id) ? this[name].filter((kept) => kept !== id) : [id, ...this[name]]);
  }

  /** Remembers a choice among the recents; an empty one is a choice taken back. */
  chose(id) {
    if (id) this.put("recents", [id, ...this.recents.filter((kept) => kept !== id)]);
  }
}
