// Words: numbers, prices and moments as people say them.

export const STATE_WORDS = {
  free: "Free",
  dynamic: "Varies by routed model",
  per_unit: "Priced per unit",
  unknown: "Price unknown",
};
const RATE_WORDS = {
  prompt: "Input",
  completion: "Output",
  input_cache_read: "Cached input",
  input_cache_write: "Cache write",
  input_cache_write_1h: "Cache write, 1 hour",
  internal_reasoning: "Reasoning",
  audio: "Audio in",
  audio_output: "Audio out",
  input_audio_cache: "Cached audio",
  image: "Image",
  image_output: "Image out",
  image_token: "Image tokens",
  request: "Request",
  web_search: "Web search",
};
const CAPABILITY_WORDS = { structured_outputs: "structured outputs", web_search: "web search", caching: "prompt caching" };

export function rateWords(key) {
  return RATE_WORDS[key] ?? sentence(key);
}

export function capabilityWords(key) {
  return CAPABILITY_WORDS[key] ?? key.replaceAll("_", " ");
}

export function sentence(key) {
  const words = key.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** An amount in a line: cents, and four digits of what is small. */
export function usd(amount) {
  if (amount >= 100) return `$${amount.toLocaleString("en", { minimumFractionDigits: Number.isInteger(amount) ? 0 : 2, maximumFractionDigits: 2 })}`;
  const decimals = amount === 0 ? 2 : Math.max(2, 3 - Math.floor(Math.log10(amount)));
  const text = amount.toFixed(Math.min(decimals, 9));
  return `$${decimals > 2 ? text.replace(/0+$/, "").padEnd(4, "0") : text}`;
}

export function grouped(count) {
  return count.toLocaleString("en");
}

/** A row's price as a statement for one line; `told` says one of its two rates, to four digits when it is left out. */
export function priceWords(row, told = (way) => usd(row[way])) {
  if (row.state !== "priced") return STATE_WORDS[row.state] ?? STATE_WORDS.unknown;
  const parts = [];
  // A zero beside a price is no charge of its own; zeros alone are a price that nobody believes yet.
  if (row.input) parts.push(`${told("input")} in`);
  if (row.output) parts.push(`${told("output")} out`);
  return parts.join(" · ") || STATE_WORDS.unknown;
}

/** The same with every digit. */
export function exactPriceWords(row) {
  return priceWords(row, (way) => amountWords(row.exact[way]));
}

/** One of a row's two rates per million tokens as a statement, with every digit. */
export function rateOf(row, way) {
  if (row.state !== "priced") return STATE_WORDS[row.state] ?? STATE_WORDS.unknown;
  if (row[way] === null) return "Not applicable";
  return row[way] ? amountWords(row.exact[way]) : row.input || row.output ? "No charge" : STATE_WORDS.unknown;
}

/** An amount of a price list, with every digit that the registry gives; zero is said in words. */
export function amountWords(text) {
  if (!Number(text)) return "No charge";
  const [whole, decimals = ""] = text.split(".");
  return `$${grouped(Number(whole))}.${decimals.padEnd(2, "0")}`;
}

/** A number of tokens: 128K, 1.05M; null stays null. */
export function tokens(count) {
  if (count === null || count === undefined) return null;
  for (const [unit, suffix] of [[1e9, "B"], [1e6, "M"], [1e3, "K"]]) {
    if (count >= unit) return `${Number((count / unit).toPrecision(3))}${suffix}`;
  }
  return String(count);
}

/** Confirms a choice, which may be another name of the row's model. */
export function selectedWords(row, choice) {
  const named = row.id === choice ? row.label : `${row.label} (as ${choice})`;
  const price = exactPriceWords(row) + (row.state === "priced" ? " per 1M tokens" : "");
  return `${[`Selected: ${named} by ${row.author}`, row.context && `reads ${tokens(row.context)} tokens`, price].filter(Boolean).join(", ")}.`;
}

/** When a model leaves, or was to leave by what its maker said. */
export function leavingWords(day) {
  return `${Date.parse(day) + 86_400_000 < Date.now() ? "Was to leave" : "Leaves"} ${dayWords(day)}`;
}

export function counted(count, one, many = `${one}s`) {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** Says which words of a search were taken as filters or as an order, which were left out, and that there are more. */
export function heardWords({ total, models, interpreted, unmet }) {
  const listed = (found) => found.map(({ text }) => `“${text}”`).join(", ");
  const orders = interpreted.filter(({ word }) => word === "sort"), filters = interpreted.filter(({ word }) => word !== "sort");
  return [total > models.length && `the best of ${grouped(total)}`, filters.length && `taken as filters: ${listed(filters)}`,
    orders.length && `in order: ${listed(orders)}`, unmet.length && `left out: ${listed(unmet)}`].filter(Boolean).join("; ");
}

export function ago(text) {
  const minutes = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 60_000));
  if (minutes < 1) return "just now";
  if (minutes < 120) return `${minutes} min ago`;
  return minutes < 2_880 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1_440)} days ago`;
}

export function dayWords(text) {
  return new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}
