// Building DOM nodes by hand: content never passes through an HTML parser.
const SVG = "http://www.w3.org/2000/svg";

/** An element: props starting with "on" are listeners, "class" and aria-/data- names are attributes. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const PATHS = {
  chat: "M12 3c5 0 9 3.4 9 7.7s-4 7.7-9 7.7c-.9 0-1.7-.1-2.5-.3L5 20.5l.7-3.8C4 15.3 3 13.1 3 10.7 3 6.4 7 3 12 3z",
  down: "M5 9l7 7 7-7",
  close: "M6 6l12 12M18 6L6 18",
  send: "M5 12h13M12 5l7 7-7 7",
  clip: "M20 11.500l-8 8a5 5 0 01-7-7l8.5-8.500a3.3 3.3 0 014.7 4.700l-8.5 8.500a1.7 1.7 0 01-2.4-2.400l7.7-7.7",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  pin: "M12 21s7-6.2 7-11.500A7 7 0 005 9.500C5 14.8 12 21 12 21zM12 12a2.5 2.5 0 100-5 2.5 2.5 0 000 5z",
  move: "M4 5h9v14H4zM8.5 16h.01M16 9h5M18.5 6.500L21 9l-2.5 2.500",
  out: "M9 6h9v9M18 6L7 17",
  wait: "M12 7v5l3 2M12 21a9 9 0 100-18 9 9 0 000 18z",
  sent: "M5 13l4.5 4.500L19 7.5",
  read: "M2 13l4.5 4.500L16 7.500M11.5 16.500l1 1L22 7.5",
  star: "M12 3.500l2.7 5.5 6 .9-4.4 4.2 1.1 6-5.4-2.9-5.4 2.9 1.1-6L3.3 9.900l6-.9z",
};

/** A line icon by name, hidden from screen readers: its button carries the words. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("i", `i-${name}`);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
