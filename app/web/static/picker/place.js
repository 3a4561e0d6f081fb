// Where the panel opens: it keeps away from the window's edge, goes above the field where there is less than enough
// below it, and leaves out the details where it is tight.

const EDGE_PX = 14;
const ENOUGH_PX = 360;
const TIGHT_PX = 480;
const LEAST_PX = 170;

/** Puts the panel below its field, or above it where there is more room. */
export function placePanel(panel, input, dialog) {
  const field = input.getBoundingClientRect();
  const frame = dialog?.getBoundingClientRect() ?? { top: 0, bottom: innerHeight };
  const below = Math.min(innerHeight, frame.bottom) - field.bottom - EDGE_PX;
  const above = field.top - Math.max(0, frame.top) - EDGE_PX;
  const isAbove = below < ENOUGH_PX && above > below;
  const room = Math.max(LEAST_PX, isAbove ? above : below);
  panel.classList.toggle("is-above", isAbove);
  panel.classList.toggle("is-tight", room < TIGHT_PX);
  panel.style.setProperty("--room", `${Math.floor(room)}px`);
}
