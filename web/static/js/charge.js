// The charge in numbers and words: state, faults, limits, phases, overview.

import { attribute, byId, make, rows, text } from "./page.js";
import {
  amount, clockTime, CONTACTORS, duration, number, sentence, SOURCES, UNKNOWN,
} from "./words.js";

const LONG = 12; // letters that fit a phone in the largest size

let announced = null;

export function showCharge(live) {
  showState(live);
  showFigures(live);
  showLimit(live);
  showPhases(live);
  showOverview(live);
  showTrouble(live);
}

export function showSilence(since) {
  text(byId("stale"), since ? `No live data since ${clockTime(since)}.` : "");
  attribute(byId("live"), "data-stale", since ? "" : null);
}

function showState(live) {
  const state = live.state ?? "Not known";
  text(byId("state"), state);
  attribute(byId("state"), "data-long", state.length > LONG ? "" : null);
  // Where there are faults they say it one by one; what limits the current stands at the limit.
  const isToldBelow = live.faults.length > 0 || live.reason === live.limit_reason;
  text(byId("reason"), isToldBelow ? "" : sentence(live.reason));
  rows(byId("faults"), live.faults.map(faultWords), ([code, what, remedy]) =>
    make("li", { class: "fault" },
      make("span", { class: "fault-code" }, code),
      make("p", { class: "fault-what" }, what),
      make("p", {}, remedy)));
  announce([
    `${state}.`, sentence(live.reason),
    live.front ? "" : "The front is not heard.",
  ].filter(Boolean).join(" "), `${state} ${live.faults.map((fault) => fault.code)} ${!live.front}`);
}

function faultWords(fault) {
  const again = fault.retry_in_s === null || fault.retry_in_s === undefined
    ? "" : ` Tried again by itself in ${Math.ceil(fault.retry_in_s)} s.`;
  const code = fault.code === "red" ? "All red" : fault.code;
  return [code, sentence(fault.detail) || `Fault ${fault.code}.`, sentence(sentence(fault.remedy) + again)];
}

// Spoken when the state or a fault becomes another, not with each value.
function announce(words, subject) {
  if (announced !== null && announced !== subject) text(byId("announce"), words);
  announced = subject;
}

function showFigures(live) {
  text(byId("power"), number(live.power_w === null ? null : live.power_w / 1000, 2));
  const isRunning = live.session_id !== "";
  const hasAny = isRunning || live.energy_wh > 0;
  text(byId("energy-label"), isRunning || !hasAny ? "This session" : "Last session");
  text(byId("energy"), live.state === null ? UNKNOWN : number(live.energy_wh / 1000, 2));
  const since_s = (live.now_utc_ns - live.started_utc_ns) / 1e9;
  text(byId("duration"), isRunning && live.started_utc_ns ? duration(since_s) : UNKNOWN);
}

function showLimit(live) {
  text(byId("limit"), live.limit_a === null ? "No limit is known." : `Limit ${amount(live.limit_a, 1, "A")}`);
  text(byId("limit-reason"), sentence(live.limit_reason));
  rows(byId("limits").tBodies[0], live.limits, (each, index) =>
    make("tr", index === 0 && each.limit_a !== null ? { class: "binds" } : {},
      make("th", { scope: "row" }, SOURCES[each.source] ?? each.source.replaceAll("_", " ")),
      make("td", { class: "number" }, each.limit_a === null ? "none" : amount(each.limit_a, 1, "A")),
      make("td", {}, sentence(each.detail))));
}

function showPhases(live) {
  for (const [index, row] of [...byId("phases").rows].entries()) {
    const line = live.lines[index];
    text(row.cells[1], amount(line?.current_a, 1, "A"));
    text(row.cells[2], amount(line?.voltage_v, 0, "V"));
    text(row.cells[3], amount(line?.power_w, 0, "W"));
  }
  text(byId("total"), amount(live.power_w, 0, "W"));
  text(byId("offered"), live.offered_a === 0 ? "nothing" : amount(live.offered_a, 1, "A"));
  text(byId("contactor"), CONTACTORS[live.contactor] ?? live.contactor ?? UNKNOWN);
  text(byId("plugged"), live.plugged ? "plugged in" : "not plugged in");
  text(byId("authorized"), authorisation(live));
  showMeter("house", live.house);
  showMeter("sun", live.sun);
}

function authorisation(live) {
  const by = live.token_name ? ` by ${live.token_name}` : "";
  if (live.authorized || live.released || by) return live.authorization_required || by ? `given${by}` : "not needed";
  return live.authorization_required ? "hold a card to the reading area" : "not needed";
}

function showMeter(name, meter) {
  byId(`${name}-row`).hidden = !meter;
  if (meter) text(byId(name), meter.online ? amount(meter.power_w, 0, "W") : "meter lost");
}

function showOverview(live) {
  const { type, serial, addresses, mac, dcs_link, synchronised } = live.overview;
  text(byId("o-type"), type);
  text(byId("o-serial"), serial);
  text(byId("o-mac"), mac || UNKNOWN);
  text(byId("o-state"), live.state ?? UNKNOWN);
  rows(byId("o-ip"), addresses, ({ ip, interface: name, in_use }) =>
    make("div", {}, in_use ? `${ip} (${name}, in use)` : `[${ip}] (${name})`));
  if (!addresses.length) text(byId("o-ip"), UNKNOWN);
  text(byId("o-dcs"), `BMW DCS: ${dcs_link}, ${synchronised ? "synchronised" : "not synchronised"}`);
}

function showTrouble(live) {
  const lines = [
    ...live.nodes.map(({ node, state, detail }) => sentence(`${node} is ${state}${detail ? `: ${detail}` : ""}`)),
    ...live.silent.map((name) => `Nothing is heard of ${name}.`),
  ];
  byId("trouble").hidden = lines.length === 0;
  rows(byId("trouble-list"), lines, (line) => make("li", {}, line));
}
