// What each phase of the house carries: a bar whose parts add up to the fuse.

import { byId, make, rows } from "./page.js";

const amps = (value) => `${value.toFixed(1).replace("-", "\u2212")}\u00a0A`;

export function showBars(bars) {
  rows(byId("bars"), bars, barOf);
}

// What other loads give in place of taking does not flow through the fuse: the car takes it.
function onTheFuse(parts) {
  let given_a = -Math.min(0, parts.find((each) => each.part === "others")?.amount_a ?? 0);
  const order = [...parts].sort((one, two) => (two.part === "vehicle") - (one.part === "vehicle"));
  const carried = new Map(order.map(({ part, amount_a }) => {
    const taken_a = Math.min(Math.max(amount_a, 0), given_a);
    given_a -= taken_a;
    return [part, amount_a - taken_a];
  }));
  return parts.map(({ part }) => ({ part, amount_a: carried.get(part) })).filter((each) => each.amount_a > 0);
}

function barOf({ phase, fuse_a, binds, parts, words }) {
  const drawn = onTheFuse(parts);
  const whole = Math.max(fuse_a, drawn.reduce((sum, each) => sum + each.amount_a, 0));
  const bar = make("div", { class: "bar", role: "img", "aria-label": words });
  for (const { part, amount_a } of drawn) {
    const piece = make("span", { class: "bar-part", "data-part": part });
    piece.style.flexBasis = `${(100 * amount_a) / whole}%`;
    bar.append(piece);
  }
  const fuse = make("span", { class: "bar-fuse" });
  fuse.style.left = `${(100 * fuse_a) / whole}%`;
  bar.append(fuse);
  const names = make("ul", { class: "bar-words" }, ...parts.map(({ part, name, amount_a }) =>
    make("li", { "data-part": part }, `${name} `, make("b", {}, amps(amount_a)))));
  return make("div", { class: "phase" },
    make("p", { class: "bar-title" }, make("b", {}, phase), binds && parts.length ? make("span", {}, "decides") : "",
      make("span", { class: "bar-end" }, `fuse ${fuse_a}\u00a0A`)),
    bar, names);
}
