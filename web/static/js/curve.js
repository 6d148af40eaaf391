// The power of the session over its time, as one line, below a strip of its limits and pauses.
// Both grow with the live values.

import { byId, make, rows, text } from "./page.js";
import { duration, power } from "./words.js";

const HEIGHT = 192;
const LEFT = 44;
const RIGHT = 8;
const STRIP = 22; // height of the strip of limits
const TOP = STRIP + 12;
const BOTTOM = 26;
const EVERY_S = 1; // distance of the points of this page
const MOST_POINTS = 900;
const LEAST_A = 6; // below it the charge is paused
const LEAST_CHANGE_A = 1;
const LETTER = 7; // width of a letter on the strip
const TABLE_ROWS = 24;
const SVG = "http://www.w3.org/2000/svg";

const box = byId("curve");
const card = box.closest("section");
const details = byId("curve-table").closest("details");
let session = null; // null: not asked yet
let points = []; // [seconds since its start, W]
let spans = []; // [seconds since its start, A, what has set it]
let drawnAt = 0;

export function addToCurve(live) {
  if (live.session_id !== session && (live.session_id || session === null)) {
    session = live.session_id;
    points = [];
    spans = [];
    ask(session);
    draw();
  }
  if (!live.session_id || live.power_w === null || live.lasted_s === null) return;
  const at = live.lasted_s;
  addSpan(at, live.limit_a, live.limits.find((each) => each.binds)?.name ?? "");
  if (points.length && at < points.at(-1)[0] + EVERY_S) return;
  points.push([at, live.power_w]);
  if (points.length > MOST_POINTS) points = points.filter((_, index) => index % 2 === 0);
  draw();
}

function addSpan(at, limit_a, name) {
  if (limit_a === null) return;
  const last = spans.at(-1);
  const isSame = last && (last[1] < LEAST_A) === (limit_a < LEAST_A) && Math.abs(last[1] - limit_a) < LEAST_CHANGE_A;
  if (!isSame) spans.push([at, limit_a, name]);
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
  const lastSpan = curve.spans.at(-1)?.[0] ?? -1;
  const own = spans.filter(([at]) => at > Math.max(lastSpan, last));
  spans = [...curve.spans, ...own];
  draw();
}

function draw() {
  card.hidden = !session && points.length < 2; // no charge, and none before it
  details.hidden = points.length < 2;
  text(byId("curve-title"), `Power of ${session ? "this" : "the last"} session`);
  const width = Math.round(box.clientWidth);
  if (!width) return;
  drawnAt = width;
  if (points.length < 2) {
    box.replaceChildren(make("p", { class: "curve-none" }, "The curve begins in a moment."));
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
    node("title", { id: "curve-name" }, `Power over the time of ${session ? "this" : "the last"} session`),
    node("desc", { id: "curve-words" }, `Now ${(points.at(-1)[1] / 1000).toFixed(2)} kW after ${duration(last)}; at most ${most.toFixed(2)} kW. ${pauseWords()}`));
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
  strip(svg, x, last, y(0));
  const line = points.map(([s, watts]) => `${x(s).toFixed(1)},${y(watts / 1000).toFixed(1)}`);
  const base = y(0).toFixed(1);
  svg.append(
    node("polygon", { class: "curve-area", points: [`${x(points[0][0]).toFixed(1)},${base}`, ...line, `${x(last).toFixed(1)},${base}`].join(" ") }),
    node("polyline", { class: "curve-line", points: line.join(" ") }));
  box.replaceChildren(svg);
  table();
}

// The limits as a strip: each with its current; a pause has a pattern and reaches down to the axis.
function strip(svg, x, last, base) {
  for (const [index, [from, limit_a, name]] of spans.entries()) {
    if (from > last) break;
    const to = Math.min(spans[index + 1]?.[0] ?? last, last);
    const left = x(Math.max(from, 0));
    const width = Math.max(x(to) - left, 1);
    const isPause = limit_a < LEAST_A;
    const kind = isPause ? "curve-pause" : "curve-limit";
    svg.append(node("rect", { class: kind, x: left, y: 2, width, height: STRIP - 4, rx: 3 }));
    if (isPause) svg.append(node("rect", { class: "curve-pause-area", x: left, y: STRIP, width, height: base - STRIP }));
    const words = [isPause ? `paused: ${name}` : `${trim(limit_a)} A: ${name}`, isPause ? "paused" : `${trim(limit_a)} A`];
    const shown = words.find((each) => each.length * LETTER + 10 <= width);
    if (shown) svg.append(node("text", { class: "curve-mark", x: left + 6, y: STRIP / 2 + 4 }, shown));
  }
}

const limitAt = (at) => spans.findLast(([from]) => from <= at + 0.5);
const limitWords = (span) => !span ? "" : span[1] < LEAST_A ? `paused by ${span[2]}` : `${trim(span[1])} A by ${span[2]}`;

function table() {
  const every = Math.max(1, Math.ceil(points.length / TABLE_ROWS));
  const chosen = points.filter((_, index) => index % every === 0 || index === points.length - 1);
  rows(byId("curve-table").tBodies[0], chosen, ([s, watts]) =>
    make("tr", {}, make("td", {}, duration(s)), make("td", { class: "number" }, power(watts)), make("td", {}, limitWords(limitAt(s)))));
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
function pauseWords() {
  const pauses = spans.filter(([, limit_a]) => limit_a < LEAST_A).length;
  return pauses ? `Paused ${pauses === 1 ? "once" : `${pauses} times`}.` : "No pause.";
}
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
