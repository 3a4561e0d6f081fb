// The operators' refresh on the landing page: asks for the token, shows what would change, then does it.
// The token lives in this script's memory alone and is gone with the page.

const REGISTRY = new URL("../", import.meta.url);
const KINDS = { added: "New", removed: "Gone", repriced: "Other price", changed: "Other facts" };
const SHOWN = 12;
let token = "";

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const button = (words, onclick, kind = null) => make("button", { type: "button", class: kind, onclick }, words);
const dialog = make("dialog", { "aria-labelledby": "refresh-title" });
const close = () => button("Close", () => dialog.close());

/** Shows one step: a title, what it says, and the ways on. */
function step(title, body, ways) {
  dialog.replaceChildren(make("h2", { id: "refresh-title" }, title), ...body, make("div", { class: "ways" }, ...ways));
  dialog.querySelector("[data-first]")?.focus();
}

function askForToken(problem = null) {
  const field = make("input", { type: "password", id: "refresh-token", autocomplete: "off", "data-first": "" });
  field.value = token;
  const look = (event) => { event.preventDefault(); token = field.value.trim(); lookFirst(); };
  const form = make("form", { id: "refresh-form", onsubmit: look },
    make("label", { for: "refresh-token" }, "Operator’s token"), field,
    make("p", { class: "quiet" }, "ADMIN_TOKEN of this registry; leave it empty where none is set. It is forgotten when this page closes."));
  step("Refresh the catalog", [problem && make("p", { class: "problem", role: "alert" }, problem), form].filter(Boolean),
    [close(), make("button", { type: "submit", form: "refresh-form", class: "main" }, "Show changes")]);
}

/** Asks the registry; returns the outcome, or says in words what is wrong and returns null. */
async function ask(switches) {
  step("Refresh the catalog", [make("p", { role: "status", class: "quiet" }, "Asking the sources …")], [close()]);
  let response;
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    response = await fetch(new URL(`refresh?${new URLSearchParams(switches)}`, REGISTRY), { method: "POST", headers });
  } catch (error) {
    // A token with letters that no header may hold ends here, too.
    askForToken(error instanceof TypeError && /[^\x21-\x7e]/.test(token) ? "A token has no spaces and no letters like these." : "The registry can’t be reached.");
    return null;
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401) { token = ""; askForToken("This is not the operator’s token."); }
  else if (response.status === 502) failed(answer);
  else askForToken(answer.detail ?? `The registry answered ${response.status}.`);
  return null;
}

function failed(answer) {
  step("Nothing usable came", [make("p", { class: "problem", role: "alert" }, answer.detail)], [close(), button("Try again", lookFirst, "main")]);
}

function priceWords(price) {
  const { prompt, completion } = price.rates ?? {};
  if (price.state !== "priced" || prompt === undefined) return price.state.replace("_", " ");
  return [prompt, completion].filter((rate) => rate !== undefined).map((rate) => `$${Number((Number(rate) * 1e6).toPrecision(4))}`).join(" / ");
}

function entryWords(entry) {
  if (typeof entry === "string") return entry;
  if (entry.fields) return `${entry.id}: ${entry.fields.join(", ").replaceAll("_", " ")}`;
  const [before, after] = [priceWords(entry.before), priceWords(entry.after)];
  return `${entry.id}: ${before === after ? `${after}, another rate or tier` : `${before} → ${after}`}`;
}

/** A diff as lists; a long one is cut and says so. */
function difference(diff) {
  return Object.entries(KINDS).filter(([kind]) => diff?.counts[kind]).map(([kind, words]) => {
    const count = diff.counts[kind];
    const shown = diff[kind].slice(0, SHOWN).map((entry) => make("li", {}, entryWords(entry)));
    if (count > shown.length) shown.push(make("li", { class: "quiet" }, `and ${(count - shown.length).toLocaleString("en")} more`));
    return make("section", {}, make("h3", {}, `${words}: ${count.toLocaleString("en")}`), make("ul", {}, ...shown));
  });
}

const sentences = (list, kind) => list.map((words) => make("p", { class: kind }, words));

async function lookFirst() {
  const outcome = await ask({ dry_run: "true" });
  if (!outcome) return;
  const lists = difference(outcome.diff);
  const body = [...sentences(outcome.refusals, "problem"), ...sentences(outcome.warnings, "warning"), make("div", { class: "difference", tabindex: "0", role: "region", "aria-label": "Difference" }, ...lists)];
  if (outcome.outcome === "refused") {
    step("The guard would refuse this catalog", body, [close(), button("Accept it all the same", () => doIt({ force: "true" }), "danger")]);
  } else if (outcome.outcome === "skipped") {
    step("Not now", [make("p", {}, outcome.reason ?? "Another instance is refreshing.")], [close(), button("Try again", lookFirst, "main")]);
  } else {
    const words = lists.length ? "This would change" : "Nothing would change";
    step(words, lists.length ? body : sentences([...outcome.warnings, "The sources say the same as before."]), [close(), button("Refresh now", () => doIt({}), "main")]);
  }
}

const DONE = { updated: "The catalog is refreshed", unchanged: "The catalog is up to date", refused: "The guard refused", skipped: "Not now" };

async function doIt(switches) {
  const outcome = await ask(switches);
  if (!outcome) return;
  const body = [...sentences(outcome.refusals, "problem"), ...sentences(outcome.warnings, "warning")];
  if (outcome.reason && !body.length) body.push(make("p", {}, outcome.reason));
  if (outcome.outcome === "updated") body.push(make("p", {}, `Snapshot ${outcome.snapshot} is served now.`));
  // The list that the browser has kept is the one of before.
  if (outcome.outcome === "updated") await document.querySelector("model-picker")?.load("no-cache");
  const again = button("Show the page anew", () => location.reload(), "main");
  again.setAttribute("data-first", "");
  step(DONE[outcome.outcome] ?? outcome.outcome, body, [close(), again]);
}

const opener = document.getElementById("refresh");
if (opener) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => opener.focus());
  opener.addEventListener("click", () => { askForToken(); dialog.showModal(); });
  opener.hidden = false;
}
