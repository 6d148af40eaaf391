// Prices as bars, and a plan over them as a line of steps.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 720;
const HEIGHT = 190;
const LEFT = 34;
const RIGHT = 34;
const TOP = 10;
const BOTTOM = 24;
const MOST_A = 32;

function part(name, attributes, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

function clock(utc_s) {
  return new Date(utc_s * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

// slots: [begin, end, price]; plan: null, or as the portal has sent it.
export function chart(slots, plan, label) {
  const svg = part("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  const begin = plan ? plan.begin_utc_s : slots[0][0];
  const end = plan ? plan.begin_utc_s + plan.duration_s : slots.at(-1)[1];
  const most = Math.max(0.01, ...slots.map((slot) => slot[2]));
  const least = Math.min(0, ...slots.map((slot) => slot[2]));
  const x = (at) => LEFT + ((at - begin) / Math.max(end - begin, 1)) * (WIDTH - LEFT - RIGHT);
  const y = (share) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  const zero = y(-least / (most - least));
  for (const [from, to, price] of slots) {
    const left = x(Math.max(from, begin));
    const right = x(Math.min(to, end));
    if (right <= left) continue;
    const top = y((price - least) / (most - least));
    svg.append(part("rect", {
      class: "price", x: left, width: Math.max(right - left - 1, 0.5), y: Math.min(top, zero), height: Math.max(Math.abs(zero - top), 1),
    }));
  }
  svg.append(part("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: zero, y2: zero }));
  svg.append(part("text", { x: 0, y: TOP + 10 }, `${Math.round(most * 100)} ct`));
  if (plan && plan.steps.length) {
    const points = [];
    plan.steps.forEach((step, index) => {
      const until = plan.steps[index + 1]?.start_s ?? plan.duration_s;
      points.push([x(begin + step.start_s), y(step.limit_a / MOST_A)], [x(begin + until), y(step.limit_a / MOST_A)]);
    });
    const line = points.map((point) => point.join(",")).join(" ");
    svg.append(part("polygon", { class: "plan-area", points: `${points[0][0]},${y(0)} ${line} ${points.at(-1)[0]},${y(0)}` }));
    svg.append(part("polyline", { class: "plan-line", points: line }));
    svg.append(part("text", { x: WIDTH - RIGHT + 4, y: TOP + 10 }, `${MOST_A} A`));
  }
  const hours = (end - begin) / 3600;
  const every = hours > 12 ? 4 : hours > 4 ? 2 : 1;
  for (let at = Math.ceil(begin / 3600) * 3600; at < end; at += 3600) {
    if (new Date(at * 1000).getHours() % every) continue;
    svg.append(part("text", { x: x(at), y: HEIGHT - 6, "text-anchor": "middle" }, clock(at)));
  }
  return svg;
}
