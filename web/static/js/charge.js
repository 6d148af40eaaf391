// The charge in numbers and text: state, faults, limits, phases, overview.

import { attribute, byId, make, rows, text } from "./page.js";
import { amount, begun, clockTime, duration, number, sentence, UNKNOWN } from "./words.js";

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
  const state = live.state_name;
  text(byId("state"), state);
  attribute(byId("state"), "data-long", state.length > LONG ? "" : null);
  text(byId("reason"), live.reason_is_below ? "" : sentence(live.reason));
  rows(byId("faults"), live.faults.map(faultWords), ([code, what, remedy]) =>
    make("li", { class: "fault" },
      make("span", { class: "fault-code" }, code),
      make("p", { class: "fault-what" }, what),
      make("p", {}, remedy)));
  announce([
    `${state}.`, sentence(live.reason), live.front ? "" : sentence(live.caption),
  ].filter(Boolean).join(" "), `${state} ${live.faults.map((fault) => fault.code)} ${!live.front}`);
}

function faultWords(fault) {
  const remedy = [fault.remedy, fault.retry].map(sentence).filter(Boolean).join(" ");
  return [begun(fault.name), sentence(fault.detail), remedy];
}

// Announced when the state or a fault changes, not with each value.
function announce(words, subject) {
  if (announced !== null && announced !== subject) text(byId("announce"), words);
  announced = subject;
}

function showFigures(live) {
  text(byId("power"), number(live.power_w === null ? null : live.power_w / 1000, 2));
  text(byId("energy-label"), begun(live.energy_of));
  text(byId("energy"), live.state === null ? UNKNOWN : number(live.energy_wh / 1000, 2));
  text(byId("duration"), live.lasted_s === null ? UNKNOWN : duration(live.lasted_s));
}

function showLimit(live) {
  text(byId("limit"), `Limit ${live.limit_words}`);
  text(byId("limit-reason"), sentence(live.limit_reason));
  rows(byId("limits").tBodies[0], live.limits, (each) =>
    make("tr", each.binds ? { class: "binds" } : {},
      make("th", { scope: "row" }, each.name),
      make("td", { class: "number" }, each.amount),
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
  text(byId("offered"), live.offered_words);
  text(byId("contactor"), [live.contactor_words, live.contactor_why].filter(Boolean).join("; "));
  text(byId("plugged"), live.plugged_words);
  text(byId("authorized"), live.authorization_words);
  showMeter("house", live.house);
  showMeter("sun", live.sun);
}

function showMeter(name, meter) {
  byId(`${name}-row`).hidden = !meter;
  if (meter) text(byId(name), meter.online ? amount(meter.power_w, 0, "W") : meter.wrong);
}

function showOverview(live) {
  const { type, serial, addresses, mac, dcs_link, synchronised } = live.overview;
  text(byId("o-type"), type);
  text(byId("o-serial"), serial);
  text(byId("o-mac"), mac || UNKNOWN);
  text(byId("o-state"), live.state_name);
  rows(byId("o-ip"), addresses, ({ ip, interface: name, in_use }) =>
    make("div", {}, in_use ? `${ip} (${name}, in use)` : `[${ip}] (${name})`));
  if (!addresses.length) text(byId("o-ip"), UNKNOWN);
  text(byId("o-dcs"), `BMW DCS: ${dcs_link}, ${synchronised ? "synchronised" : "not synchronised"}`);
}

function showTrouble(live) {
  const lines = live.troubles.map(({ node, words }) => `${node}: ${sentence(words, false)}`);
  byId("trouble").hidden = lines.length === 0;
  rows(byId("trouble-list"), lines, (line) => make("li", {}, line));
}
