// The power of the session over its time, as one line. Grows with the live values.

import { byId, make, rows } from "./page.js";
import { duration } from "./words.js";

const HEIGHT = 192;
const LEFT = 44;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 26;
const EVERY_S = 1; // distance of the points of this page
const MOST_POINTS = 900;
const TABLE_ROWS = 24;
const SVG = "http://www.w3.org/2000/svg";

const box = byId("curve");
let session = null; // null: not asked yet
let points = []; // [seconds since its start, W]
let drawnAt = 0;

export function addToCurve(live) {
  if (live.session_id !== session && (live.session_id || session === null)) {
    session = live.session_id;
    points = [];
    ask(session);
    draw();
  }
  if (!live.session_id || live.power_w === null || live.lasted_s === null) return;
  const at = live.lasted_s;
  if (points.length && at < points.at(-1)[0] + EVERY_S) return;
  points.push([at, live.power_w]);
  if (points.length > MOST_POINTS) points = points.filter((_, index) => index % 2 === 0);
  draw();
}

// The points before this page was opened or shown again.
export function refreshCurve() {
  if (session !== null) ask(session);
}

async function ask(wanted) {
  let curve;
  try {
    const answer = await fetch("/api/v1/curve", { cache: "no-store" });
    if (!answer.ok) return;
    curve = await answer.json();
  } catch {
    return; // no connection: the line begins with this page
  }
  if (wanted !== session || (wanted && curve.session_id !== wanted)) return;
  const last = curve.points.at(-1)?.[0] ?? -1;
  points = [...curve.points, ...points.filter(([at]) => at > last)];
  draw();
}

function draw() {
  const width = Math.round(box.clientWidth);
  if (!width) return;
  drawnAt = width;
  if (points.length < 2) {
    box.replaceChildren(make("p", { class: "curve-none" }, "The curve begins with the session."));
    table();
    return;
  }
  const last = points.at(-1)[0];
  const most = points.reduce((high, [, watts]) => Math.max(high, watts), 0) / 1000;
  const [stepY, topY] = scale(Math.max(most, 1), 5);
  const stepX = timeStep(last);
  const x = (s) => LEFT + (s / last) * (width - LEFT - RIGHT);
  const y = (kw) => HEIGHT - BOTTOM - (kw / topY) * (HEIGHT - TOP - BOTTOM);
  const svg = node("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-labelledby": "curve-name curve-words" });
  svg.append(
    node("title", { id: "curve-name" }, "Power over the time of this session"),
    node("desc", { id: "curve-words" }, `Now ${(points.at(-1)[1] / 1000).toFixed(2)} kW after ${duration(last)}; at most ${most.toFixed(2)} kW.`));
  for (let kw = 0; kw <= topY + 1e-9; kw += stepY) {
    svg.append(node("path", { class: "curve-grid", d: `M${LEFT} ${y(kw)}H${width - RIGHT}` }));
    const unit = kw + stepY > topY + 1e-9 ? " kW" : "";
    svg.append(node("text", { class: "curve-text", x: LEFT - 8, y: y(kw) + 4, "text-anchor": "end" },
      unit ? `${trim(kw)}${unit}` : trim(kw)));
  }
  for (let s = 0; s <= last; s += stepX) {
    if (x(s) > width - RIGHT - 16 && s > 0) break;
    svg.append(node("text", { class: "curve-text", x: x(s), y: HEIGHT - 6, "text-anchor": s ? "middle" : "start" }, timeWord(s, stepX)));
  }
  const line = points.map(([s, watts]) => `${x(s).toFixed(1)},${y(watts / 1000).toFixed(1)}`);
  const base = y(0).toFixed(1);
  svg.append(
    node("polygon", { class: "curve-area", points: [`${x(points[0][0]).toFixed(1)},${base}`, ...line, `${x(last).toFixed(1)},${base}`].join(" ") }),
    node("polyline", { class: "curve-line", points: line.join(" ") }));
  box.replaceChildren(svg);
  table();
}

function table() {
  const every = Math.max(1, Math.ceil(points.length / TABLE_ROWS));
  const chosen = points.filter((_, index) => index % every === 0 || index === points.length - 1);
  rows(byId("curve-table").tBodies[0], chosen, ([s, watts]) =>
    make("tr", {}, make("td", {}, duration(s)), make("td", { class: "number" }, `${Math.round(watts)} W`)));
}

// Return a round step and a round top for an axis of so many steps at most.
function scale(most, steps) {
  const power = 10 ** Math.floor(Math.log10(most / steps));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => most / each <= steps);
  return [step, Math.ceil(most / step - 1e-9) * step];
}

function timeStep(last) {
  const steps = [5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
  return steps.find((step) => last / step <= 5) ?? 86400 * Math.ceil(last / 86400 / 5);
}

// One axis, one unit: seconds where the steps are, else minutes, and hours where they are whole.
const timeWord = (s, step) => !s ? "0" : step < 60 ? `${s} s` : s % 3600 ? `${s / 60} min` : `${s / 3600} h`;
const trim = (value) => String(Number(value.toFixed(2)));

function node(tag, attributes, words = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = words;
  return element;
}

new ResizeObserver(() => {
  if (Math.round(box.clientWidth) !== drawnAt) draw();
}).observe(box);
