// The plan of the charging service: how this charge goes, why, and its limits from now on as steps.

import { byId, make, rows, text } from "./page.js";

const WIDTH = 640;
const HEIGHT = 150;
const LEFT = 44;
const RIGHT = 8;
const TOP = 12;
const BOTTOM = 26;
const MOST_A = 32; // of a box without a limit
const LEAST_A = 6; // below it the charge is paused
const DAY_S = 86400;
const AFTER_S = 3600; // what is shown of the last step
const SVG = "http://www.w3.org/2000/svg";

let drawn = "";

export function showPlan(plan, nowNs) {
  byId("plan").hidden = plan === null;
  if (plan === null) return;
  text(byId("plan-mode"), plan.mode);
  text(byId("plan-why"), plan.why);
  byId("plan-details").hidden = plan.spans.length === 0;
  const at = (in_s) => nowNs / 1e9 + in_s;
  const spans = plan.spans.map(({ in_s, limit_a }) => [at(in_s), limit_a]);
  // Once a minute is enough: only the begin moves.
  const key = JSON.stringify([Math.floor(at(0) / 60), spans.slice(1).map(([from, limit]) => [Math.round(from), limit]), spans[0]?.[1], plan.is_applied]);
  if (key === drawn) return;
  drawn = key;
  byId("plan-curve").replaceChildren(...(spans.length ? [curve(spans, plan.is_applied)] : []));
  rows(byId("plan-table").tBodies[0], spans, ([from, limit], index) =>
    make("tr", {}, make("td", {}, index || from > at(0) ? clock(from) : "now"), make("td", {}, words(limit))));
}

function words(limit_a) {
  if (limit_a === null) return "no limit";
  return limit_a < LEAST_A ? "paused" : `${Number(limit_a.toFixed(1))} A`;
}

const clock = (utc_s) => new Date(utc_s * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function curve(spans, isApplied) {
  const begin = spans[0][0];
  const end = Math.min(spans.at(-1)[0] + AFTER_S, begin + DAY_S);
  const x = (from) => LEFT + ((Math.min(from, end) - begin) / (end - begin)) * (WIDTH - LEFT - RIGHT);
  const y = (limit_a) => HEIGHT - BOTTOM - (Math.min(limit_a ?? MOST_A, MOST_A) / MOST_A) * (HEIGHT - TOP - BOTTOM);
  const svg = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Limit of each phase from now on; the table below has its values" });
  for (const limit of [0, 16, 32]) {
    svg.append(node("path", { class: "curve-grid", d: `M${LEFT} ${y(limit)}H${WIDTH - RIGHT}` }));
    svg.append(node("text", { class: "curve-text", x: LEFT - 8, y: y(limit) + 4, "text-anchor": "end" }, limit === 32 ? "32 A" : String(limit)));
  }
  const points = spans.flatMap(([from, limit], index) => [[x(from), y(limit)], [x(spans[index + 1]?.[0] ?? end), y(limit)]]);
  const line = points.map((point) => point.map((each) => each.toFixed(1)).join(",")).join(" ");
  svg.append(node("polygon", { class: "plan-area", points: `${LEFT},${y(0)} ${line} ${points.at(-1)[0].toFixed(1)},${y(0)}` }));
  svg.append(node("polyline", { class: isApplied ? "plan-line" : "plan-line plan-unused", points: line }));
  const every = Math.max(1, Math.ceil((end - begin) / 3600 / 6));
  for (let hour = Math.ceil(begin / 3600); hour * 3600 < end; hour += every) {
    const place = x(hour * 3600);
    if (place > WIDTH - RIGHT - 20) break;
    svg.append(node("text", { class: "curve-text", x: place, y: HEIGHT - 6, "text-anchor": place < LEFT + 20 ? "start" : "middle" }, clock(hour * 3600)));
  }
  return svg;
}

function node(tag, attributes, content = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = content;
  return element;
}
