import type { Page } from "./browser.ts";

/** In the page: what can be seen of its shape that is wrong, a line each. Needs no picture to be looked at. */
const FAULTS = `(() => {
  const faults = [];
  // Kept for those who listen.
  const hidden = [...document.querySelectorAll(".skip, body *")].filter(
    (each) => each.matches(".skip") || getComputedStyle(each).clipPath === "inset(50%)",
  );
  const shown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    hidden.every((each) => !each.contains(element));
  const named = (element) => {
    const text = (element.getAttribute("aria-label") || element.innerText || element.value || "").trim();
    return element.tagName.toLowerCase() + (element.className.length > 0 ? "." + element.className : "") +
      " “" + text.replace(/\\s+/g, " ").slice(0, 40) + "”";
  };
  const round = (box) => [box.left, box.top, box.width, box.height].map(Math.round).join(" ");

  // Nothing stands outside of the screen.
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) faults.push("scrolls sideways by " + (root.scrollWidth - innerWidth));
  const all = [...document.body.querySelectorAll("*")].filter(shown);
  for (const element of all) {
    const box = element.getBoundingClientRect();
    const inScroller = element.closest(".tabs, .snippet, .ticks") !== null;
    if (!inScroller && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1))
      faults.push("stands outside: " + named(element) + " " + round(box));
  }

  // No text is cut off.
  for (const element of all) {
    const style = getComputedStyle(element);
    const cuts = ["hidden", "clip"].includes(style.overflowX) || element.matches("button, select, input, a[role=button]");
    const scrolls = ["auto", "scroll"].includes(style.overflowX);
    const field = element.matches("input, textarea");
    if (cuts && !field && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      faults.push("is cut off by " + (element.scrollWidth - element.clientWidth) + ": " + named(element));
    if (scrolls && !field && element.scrollWidth > element.clientWidth + 1)
      faults.push("scrolls by itself by " + (element.scrollWidth - element.clientWidth) + ": " + named(element));
  }
  const ruler = document.createElement("canvas").getContext("2d");
  for (const field of all.filter((each) => each.matches("input:not([type=checkbox], [type=radio]), select"))) {
    const style = getComputedStyle(field);
    const text = field.matches("select") ? field.selectedOptions[0]?.label ?? "" : field.value || field.placeholder;
    ruler.font = style.font;
    const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const wanted = ruler.measureText(text).width;
    if (wanted > room + 1 && !(field.value !== "" && field.matches("input")))
      faults.push("has no room for its text, by " + Math.round(wanted - room) + ": " + named(field) + " “" + text + "”");
  }

  // Labels along the axis of a chart keep apart.
  for (const axis of document.querySelectorAll(".ticks")) {
    const labels = [...axis.querySelectorAll("text")].filter(shown);
    for (const [i, label] of labels.slice(1).entries()) {
      if (label.getBoundingClientRect().left < labels[i].getBoundingClientRect().right + 2)
        faults.push("lies over the label before it: “" + label.textContent + "”");
    }
  }

  // What is pressed is large enough, and lies over nothing else.
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=slider]";
  const controls = all.filter((each) => each.matches(CONTROLS)).map((element) => {
    const label = element.matches("[type=checkbox], [type=radio]") ? element.closest("label") : null;
    return { element, box: (label ?? element).getBoundingClientRect() };
  }).filter(({ box }) => box.width > 0);
  const inText = (element) => getComputedStyle(element).display.startsWith("inline") &&
    [...element.parentNode.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  const near = (one, other) => {
    const x = one.left + one.width / 2, y = one.top + one.height / 2;
    const dx = Math.max(other.left - x, 0, x - other.right), dy = Math.max(other.top - y, 0, y - other.bottom);
    return Math.hypot(dx, dy) < 12;
  };
  controls.forEach(({ element, box }, i) => {
    const small = box.width < 24 || box.height < 24;
    if (small && !inText(element)) {
      const crowd = controls.find((other) => other.element !== element &&
        !element.contains(other.element) && !other.element.contains(element) && near(box, other.box));
      if (crowd) faults.push("is small beside " + named(crowd.element) + ": " + named(element) + " " + round(box));
    }
    for (const other of controls.slice(i + 1)) {
      if (element.contains(other.element) || other.element.contains(element)) continue;
      if (element.closest("nav.side, .topbar") !== null || other.element.closest("nav.side, .topbar") !== null) continue;
      const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      if (across > 1 && down > 1 && !inText(element)) faults.push("overlaps " + named(other.element) + ": " + named(element));
    }
  });

  // Words keep whole, and lie over no others.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const lines = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!shown(parent) || parent.closest("svg, noscript, option, textarea, script") !== null) continue;
    for (const { 0: word, index } of node.data.matchAll(/[\\p{L}\\p{N}_]{2,24}(?![\\p{L}\\p{N}_])/gu)) {
      if (/[\\p{L}\\p{N}_]/u.test(node.data[index - 1] ?? "")) continue;
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const rects = [...range.getClientRects()].filter(({ width }) => width > 0);
      if (new Set(rects.map(({ top }) => Math.round(top / 4))).size > 1)
        faults.push("is broken: " + word + " in " + named(parent));
    }
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) if (box.width > 1) lines.push({ node, parent, box });
  }
  lines.forEach(({ node, parent, box }, i) => {
    if (parent.closest("nav.side, .topbar") !== null) return;
    for (const other of lines.slice(i + 1)) {
      if (other.node === node || other.parent.closest("nav.side, .topbar") !== null) continue;
      const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      if (across > 2 && down > Math.min(box.height, other.box.height) * 0.4)
        faults.push("is written over: " + node.data.trim().slice(0, 30) + " / " + other.node.data.trim().slice(0, 30));
    }
  });
  return [...new Set(faults)];
})()`;

/** What is wrong with the shape of a page as it is: cut off, outside, too small, broken, over something else. */
export function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(FAULTS);
}
