// Cost: what a month would come to, for so many tokens in and out. What can't be computed is said in words.

import { priceWords, tokens, usd } from "./words.js";
import { make } from "./nodes.js";

// Sliders walk over powers of ten, because some send a thousand tokens a month and some ten billion.
const MIN_POWER = 4;
const MAX_POWER = 10;
const POWER_STEP = 0.05;

/** The tokens at a slider's place, to two digits; the lowest place is none at all. */
export function tokensAt(power) {
  return power <= MIN_POWER ? 0 : Number((10 ** power).toPrecision(2));
}

/** USD per month as a number; null when the price is no number of USD per token. */
export function monthlyUsd(row, usage) {
  if (row.state !== "priced" || !(row.input || row.output)) return null;
  return ((row.input ?? 0) * usage.input + (row.output ?? 0) * usage.output) / 1e6;
}

/** A month's cost in few words. */
export function monthlyWords(row, usage) {
  const amount = monthlyUsd(row, usage);
  if (amount === null) return row.state === "free" ? "Free" : "Can’t be said";
  if (amount === 0) return "Nothing is sent";
  return amount < 0.01 ? "under $0.01" : usd(Number(amount.toFixed(2)));
}

/** What those few words leave out. */
export function monthlyCaveats(row) {
  if (row.state === "free") return ["limits apply to how often"];
  if (row.state !== "priced" || !(row.input || row.output)) return [priceWords(row).toLowerCase()];
  const caveats = [];
  if (row.tiersFrom) caveats.push(`another price for prompts above ${tokens(row.tiersFrom)} tokens`);
  if (row.hasHours) caveats.push("the dearest hour of the day");
  return caveats;
}

/** Two sliders; tells `changed` the tokens in and out per month. */
export class Usage {
  constructor(changed) {
    this.input = 10e6;
    this.output = 2e6;
    const slider = (way, words) => {
      const said = make("b", {}, tokens(this[way]));
      const range = make("input", {
        type: "range", min: MIN_POWER, max: MAX_POWER, step: POWER_STEP, value: Math.log10(this[way]), "aria-valuetext": `${tokens(this[way])} tokens`,
        oninput: (event) => {
          event.stopPropagation();
          this[way] = tokensAt(Number(range.value));
          said.textContent = tokens(this[way]);
          range.setAttribute("aria-valuetext", `${tokens(this[way])} tokens`);
          changed();
        },
        onchange: (event) => event.stopPropagation(),
      });
      return make("label", {}, make("span", {}, words, said), range);
    };
    this.node = make("div", { class: "usage", role: "group", "aria-label": "Use per month" }, slider("input", "Tokens in per month"), slider("output", "Tokens out per month"));
  }
}
