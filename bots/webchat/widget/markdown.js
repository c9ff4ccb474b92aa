// Light Markdown as DOM nodes: bold, italics, code, links, lists, line breaks. Nothing else, no HTML.
import { h } from "./dom.js";

const INLINE = /\*\*(.+?)\*\*|(?<![\w*])[*_](?!\s)([^*_\n]+?)[*_](?![\w*])|`([^`\n]+)`|\[([^\]\n]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>"]+)/gs;
const TRAILING = /[.,;:!?)\]»”'"]+$/;

/** Nodes of `text`; `marked` is false for words of a person, where only web addresses become links. */
export function render(text, marked) {
  const nodes = [];
  let list = null;
  let lines = [];
  const flush = () => {
    if (lines.length) nodes.push(h("p", {}, inline(lines.join("\n"), marked)));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const item = marked && /^\s*(?:[-•*]|(\d+)[.)])\s+(.*)$/.exec(line);
    if (item) {
      flush();
      const tag = item[1] ? "OL" : "UL";
      if (list?.tagName !== tag) nodes.push((list = h(tag, item[1] > 1 ? { start: item[1] } : {})));
      list.append(h("li", {}, inline(item[2], marked)));
      continue;
    }
    list = null;
    if (line.trim()) lines.push(line);
    else flush();
  }
  flush();
  return nodes;
}

function inline(text, marked) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, bold, italic, code, label, target, bare] = match;
    if (!marked && !bare) continue;
    nodes.push(text.slice(end, match.index));
    end = match.index + whole.length;
    if (bold) nodes.push(h("strong", {}, inline(bold, marked)));
    else if (italic) nodes.push(h("em", {}, inline(italic, marked)));
    else if (code) nodes.push(h("code", {}, code));
    else if (label) nodes.push(link(target, label) || whole);
    else {
      const tail = TRAILING.exec(bare)?.[0] || "";
      const address = bare.slice(0, bare.length - tail.length);
      nodes.push(link(address, address), tail);
    }
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

/** A link to the web, mail or telephone that opens apart; null for any other scheme. */
export function link(target, label, props) {
  if (!/^(https?:|mailto:|tel:)/i.test(target)) return null;
  return h("a", { href: target, target: "_blank", rel: "noopener noreferrer", ...props }, label);
}
