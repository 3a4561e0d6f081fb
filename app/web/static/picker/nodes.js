// Nodes: everything is built as DOM, so nothing that a catalog says is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Builds an element; texts become text nodes, empty attributes and children are left out. */
export function make(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

/** The same for a part of a drawing. */
export function draw(tag, attributes = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), attributes, children);
}

export function button(words, onclick, attributes = {}) {
  return make("button", { type: "button", onclick, ...attributes }, words);
}

const INLINE = /\*\*([^*]+)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** Returns the little Markdown that descriptions hold as nodes; only http and https links stay links. */
export function markdown(text) {
  return text.split(/\n{2,}/).map((paragraph) => {
    const node = make("p", { dir: "auto" });
    let from = 0;
    for (const found of paragraph.matchAll(INLINE)) {
      node.append(paragraph.slice(from, found.index));
      const [whole, strong, code, label, target] = found;
      if (strong) node.append(make("strong", {}, strong));
      else if (code) node.append(make("code", {}, code));
      else if (/^https?:\/\//i.test(target)) node.append(make("a", { href: target, rel: "noopener noreferrer", target: "_blank" }, label));
      else node.append(label);
      from = found.index + whole.length;
    }
    node.append(paragraph.slice(from));
    return node;
  });
}

// Sixteen units square, drawn with the colour of the text.
export const ICONS = {
  tools: ["Tools", "M10.5 2a3.5 3.5 0 0 0-3.3 4.6L2.5 11.3a1.6 1.6 0 0 0 2.2 2.2l4.7-4.7A3.5 3.5 0 0 0 13.8 4.4L11.7 6.4 9.6 6 9.2 4l2.1-2z"],
  vision: ["Vision", "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"],
  reasoning: ["Reasoning", "M6 13.5h4M6.5 11.5c0-1.6-2-2.3-2-5a3.5 3.5 0 0 1 7 0c0 2.7-2 3.4-2 5z"],
};

export function icon(name) {
  const [words, path] = ICONS[name];
  return draw("svg", { viewBox: "0 0 16 16", role: "img", "aria-label": words, class: "icon" }, draw("title", {}, words), draw("path", { d: path }));
}
