// The press: what the registry answers while a finger or a key is down waits, so that no click falls between two drawings.

// The end of some presses is told to nobody: on a scroll bar, or outside of the window.
const MOST_PRESS_MS = 1_000;

let endPress = null;
let pressEnded = Promise.resolve();

function beginPress() {
  endPress?.();
  pressEnded = new Promise((resolve) => { endPress = resolve; });
  setTimeout(endPress, MOST_PRESS_MS);
}

// The click comes right after, in the same turn.
function releasePress() {
  if (endPress) setTimeout(endPress);
}

const PRESS_LISTENING = { capture: true, passive: true };
addEventListener("pointerdown", beginPress, PRESS_LISTENING);
addEventListener("keydown", ({ key, repeat }) => { if (key === " " && !repeat) beginPress(); }, PRESS_LISTENING);
for (const name of ["pointerup", "pointercancel", "keyup"]) addEventListener(name, releasePress, PRESS_LISTENING);

/** Waits until nothing is pressed any more. */
export function released() {
  return pressEnded;
}
