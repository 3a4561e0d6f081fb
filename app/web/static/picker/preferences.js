// Preferences: what the registry keeps of one person, with this browser's copy for when it can't be asked.

import { Kept, LISTS } from "./kept.js";
import { released } from "./press.js";

const WHY = {
  401: "this page’s user token is missing or has expired",
  403: "the registry keeps none for this page",
  404: "the registry keeps none",
  429: "the registry was asked too often",
  503: "the registry can’t reach its store",
};

class Preferences extends Kept {
  /** `address` and `token` are asked for anew each time; `changed` is told what another place has changed. */
  constructor(user, { address, token, today, changed }) {
    super(user, today);
    // A choice is often the last thing before a form is sent, so the request outlives the page.
    this.ask = async (method, body) => {
      const headers = body ? { "Content-Type": "application/json" } : {};
      if (token()) headers.Authorization = `Bearer ${token()}`;
      const response = await fetch(new URL(`users/${encodeURIComponent(user)}/preferences`, address()), { method, headers, body: body && JSON.stringify(body), keepalive: true });
      const answer = await response.json().catch(() => ({}));
      await released();
      return { status: response.status, answer };
    };
    this.changed = changed;
    this.models = {};
    this.selected = null;
    this.turn = Promise.resolve();
  }

  /** Reads what is kept, or first sends what could not be sent before. */
  read() {
    return this.inTurn(async () => (Object.keys(this.unsent).length ? this.send() : this.take(await this.ask("GET"))));
  }

  idOf(spelling) {
    return super.idOf(this.models[spelling]?.id ?? spelling);
  }

  put(name, ids) {
    super.put(name, ids);
    this.tell({ [name]: this[name] });
  }

  /** A choice is kept, too; null is a choice taken back. */
  chose(id) {
    super.chose(id);
    this.tell({ selected: id || null });
  }

  tell(members) {
    Object.assign(this.unsent, members);
    this.inTurn(() => this.send());
  }

  /** Does one thing after the other, so that the last change is the last one written. */
  inTurn(work) {
    this.turn = this.turn.then(work).catch(() => this.failed("the registry can’t be reached")).then(() => this.changed());
    return this.turn;
  }

  async send() {
    const members = this.unsent;
    if (!Object.keys(members).length) return;
    this.unsent = {};
    let isSettled = false;
    try {
      let told = await this.ask("PATCH", members);
      if (told.status === 422) told = await this.ask("PATCH", without(members, told.answer.faults ?? []));
      this.take(told);
      // What is refused twice would be refused for ever.
      isSettled = told.status === 200 || told.status === 422;
    } finally {
      if (!isSettled) this.unsent = { ...members, ...this.unsent };
      this.save();
    }
  }

  take({ status, answer }) {
    if (status !== 200) { this.failed(WHY[status] ?? `the registry answered ${status}`); return; }
    this.problem = null;
    this.models = answer.models;
    this.selected = answer.selected;
    // What is still to be sent is newer.
    for (const name of LISTS) if (!this.unsent[name]) this[name] = answer[name];
    this.save();
  }

  failed(why) {
    this.problem = `Favourites stay in this browser for now: ${why}.`;
    this.save();
  }
}

/** Returns what is kept of a picker's user, who is asked for at once, or of this browser when it names none. */
export function keptOf(picker, changed) {
  const user = picker.getAttribute("user");
  const today = (id) => picker.catalog.aliases.get(id)?.id ?? id;
  if (!user) return new Kept("", today);
  const kept = new Preferences(user, {
    address: () => picker.base,
    token: () => picker.getAttribute("user-token"),
    today,
    changed: () => { if (picker.kept === kept) changed(); },
  });
  kept.read();
  return kept;
}

/** Leaves out what the registry never knew, as `favourites[2]` says it. */
function without(members, faults) {
  const named = new Set(faults.map((fault) => fault.member));
  return Object.fromEntries(Object.entries(members).filter(([name]) => !named.has(name))
    .map(([name, ids]) => [name, Array.isArray(ids) ? ids.filter((_, at) => !named.has(`${name}[${at}]`)) : ids]));
}
