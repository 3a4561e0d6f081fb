// Kept: what one person's browser remembers. A browser that refuses costs memory only.

const RECENTS_KEPT = 5;

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

/** Favourites, recents and hidden models of one person. */
export class Kept {
  constructor(user) {
    this.key = `model-picker:${user}`;
    this.favourites = [];
    this.recents = [];
    this.hidden = [];
    const found = recall(this.key);
    for (const name of ["favourites", "recents", "hidden"]) {
      if (Array.isArray(found?.[name])) this[name] = found[name].filter((id) => typeof id === "string");
    }
  }

  save() {
    remember(this.key, { favourites: this.favourites, recents: this.recents, hidden: this.hidden });
  }

  /** Adds an id to the favourites or the hidden models, or takes it out. */
  toggle(name, id) {
    this[name] = this[name].includes(id) ? this[name].filter((kept) => kept !== id) : [id, ...this[name]];
    this.save();
  }

  used(id) {
    this.recents = [id, ...this.recents.filter((kept) => kept !== id)].slice(0, RECENTS_KEPT);
    this.save();
  }
}
