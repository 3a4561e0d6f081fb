// Rows: what the registry says, as values that are printed, sorted, filtered and searched.

export const FIELDS = "name,author,created,context_tokens,capabilities,category,price,lifecycle,sources,aliases";
const DAY_MS = 86_400_000;
const NEW_DAYS = 30;
const LONG_CONTEXT_TOKENS = 200_000;

/** Returns where a name begins behind its maker's, `Maker: Name`; 0 without one. */
function nameStart(model) {
  const at = model.name.indexOf(": ");
  return at > 0 && at <= 40 ? at + 2 : 0;
}

/** A readable form of a maker whom no name tells. */
function titled(slug) {
  return slug.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ");
}

/** Turns a model into a row. Its numbers are compared and drawn, `exact` is what is paid; null where the model has none. */
function rowOf(model, authors, now) {
  const at = nameStart(model);
  const rates = model.price.usd_per_million_tokens;
  const created = model.created ? Date.parse(model.created) : 0;
  const row = {
    id: model.id,
    label: at ? model.name.slice(at) : model.name,
    author: authors.get(model.author) ?? titled(model.author),
    category: model.category,
    context: model.context_tokens,
    state: model.price.state,
    input: rates.prompt === undefined ? null : Number(rates.prompt),
    output: rates.completion === undefined ? null : Number(rates.completion),
    exact: { input: rates.prompt ?? null, output: rates.completion ?? null },
    tiersFrom: model.price.tiers[0]?.min_prompt_tokens ?? null,
    hasHours: model.price.windows.length > 0,
    has: new Set(model.capabilities),
    created,
    isNew: created > 0 && now - created < NEW_DAYS * DAY_MS,
    leavesOn: model.lifecycle.state === "deprecated" ? model.lifecycle.expires_on : null,
    isCore: model.sources.some((source) => source !== "openrouter"),
  };
  row.hay = [model.id, model.name, ...model.aliases].join(" ").toLowerCase().replace(/[-_.]/g, " ");
  row.tight = row.hay.replace(/\s/g, "");
  return row;
}

/** Returns the rows of a list, and by every id or alias the row that it means today. */
export function rowsOf(models) {
  const now = Date.now();
  const named = models.filter(nameStart).reverse();
  const authors = new Map(named.map((model) => [model.author, model.name.slice(0, nameStart(model) - 2)]));
  const rows = models.map((model) => rowOf(model, authors, now));
  const aliases = new Map(models.flatMap((model, at) => model.aliases.map((alias) => [alias, rows[at]])));
  return { rows, byId: new Map(rows.map((row) => [row.id, row])), aliases };
}

/** The words of a search as they are compared: small, hyphens and points as spaces. */
export function wordsOf(text) {
  return text.toLowerCase().replace(/[-_.]/g, " ").split(/\s+/).filter(Boolean);
}

/** Whether every word stands in the row's names, hyphens and points aside. */
export function holds(row, words) {
  return words.every((word) => row.hay.includes(word) || row.tight.includes(word));
}

export const CHIPS = {
  favourites: ["Favourites", (row, ids) => ids.favourites.has(row.id)],
  free: ["Free", (row) => row.state === "free"],
  tools: ["Tools", (row) => row.has.has("tools")],
  vision: ["Vision", (row) => row.has.has("vision")],
  reasoning: ["Reasoning", (row) => row.has.has("reasoning")],
  long: ["Long context", (row) => row.context >= LONG_CONTEXT_TOKENS],
  hidden: ["Hidden", (row, ids) => ids.hidden.has(row.id)],
};

// Free models cost least; what has no price per token comes last.
const dearest = (row) => (row.state === "free" ? 0 : row.state === "priced" ? (row.input ?? 0) + (row.output ?? 0) : Infinity);
export const SORTS = {
  default: ["Recommended", null],
  price: ["Lowest price", (a, b) => dearest(a) - dearest(b) || 0],
  context: ["Largest context", (a, b) => (b.context ?? 0) - (a.context ?? 0)],
  newest: ["Newest", (a, b) => b.created - a.created],
};
export const GROUPS = { none: ["No groups", null], author: ["By provider", (row) => row.author], category: ["By category", (row) => row.category ?? "Other"] };

/** Returns the rows to show under their titles, in order: filtered, sorted, and grouped or with favourites first. */
export function arranged(found, { on, sort, group, kept, byId, isSearched, isCoreOnly }) {
  const ids = { favourites: kept.ids("favourites"), recents: kept.ids("recents"), hidden: kept.ids("hidden") };
  const isWanted = (row) => (on.has("hidden") || !ids.hidden.has(row.id)) && (!isCoreOnly || row.isCore) && [...on].every((name) => CHIPS[name][1](row, ids));
  let wanted = found.filter(isWanted);
  const order = SORTS[sort][1];
  if (order) wanted = [...wanted].sort(order);
  const groupOf = GROUPS[group][1];
  const groups = new Map();
  const put = (title, row) => { if (!groups.has(title)) groups.set(title, []); groups.get(title).push(row); };
  const first = new Set();
  if (!isSearched && !on.size && !order && !groupOf) {
    for (const [title, name] of [["Favourites", "favourites"], ["Recent", "recents"]]) {
      for (const row of [...ids[name]].map((id) => byId.get(id))) {
        if (row && !first.has(row) && isWanted(row)) { first.add(row); put(title, row); }
      }
    }
  }
  const rest = first.size ? "All models" : "";
  for (const row of wanted) if (!first.has(row)) put(groupOf ? groupOf(row) : rest, row);
  return groups;
}
