// The charge in numbers and text: figures, limits, phases, overview.

import { showBars } from "./bars.js";
import { showEnergy } from "./energy.js";
import { showHeadline } from "./headline.js";
import { byId, attribute, make, rows, text } from "./page.js";
import { showValues } from "./values.js";
import { amount, begun, clockTime, duration, number, power, sentence, UNKNOWN } from "./words.js";

export function showCharge(live) {
  showHeadline(live);
  showFigures(live);
  showLimit(live);
  showBars(live.bars);
  showEnergy(live.energy);
  showPhases(live);
  showValues(live.rows);
  showTrouble(live);
}

export function showSilence(since) {
  text(byId("stale"), since
    ? `No live data since ${clockTime(since)}. A charge goes on without this page. It tries again by itself.`
    : "");
  attribute(byId("live"), "data-stale", since ? "" : null);
  if (since) document.title = "No live data - Wallbox";
}

function showFigures(live) {
  text(byId("power"), number(live.power_w === null ? null : live.power_w / 1000, 2));
  text(byId("energy-label"), begun(live.energy_of));
  text(byId("energy"), live.state === null ? UNKNOWN : number(live.energy_wh / 1000, 2));
  text(byId("duration"), live.lasted_s === null ? UNKNOWN : duration(live.lasted_s));
}

function showLimit(live) {
  byId("why").hidden = !live.limit_title;
  text(byId("why-title"), live.limit_title);
  text(byId("limit"), `Limit ${live.limit_words}`);
  text(byId("limit-reason"), live.limit_reason === live.headline.more ? "" : sentence(live.limit_reason));
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
    text(row.cells[3], power(line?.power_w));
  }
  text(byId("total"), power(live.power_w));
  const { dcs_link, synchronised, dcs_detail } = live.overview;
  const paired = synchronised ? "synchronised" : "not synchronised";
  text(byId("o-dcs"), `BMW DCS: ${dcs_link}, ${paired}${dcs_detail ? `. ${dcs_detail}` : ""}`);
}

function showTrouble(live) {
  const list = byId("trouble-list");
  const opened = new Set(Array.from(list.querySelectorAll("details[open]"), (each) => each.dataset.node));
  byId("trouble").hidden = live.troubles.length === 0;
  rows(list, live.troubles, ({ node, words, detail }) =>
    make("li", {}, `${node}: ${sentence(words, false)}`, ...detail ? [forService(node, detail, opened.has(node))] : []));
}

// An error of the system, folded; it stays open while the list is made again.
function forService(node, detail, isOpen) {
  return make("details", { "data-node": node, ...isOpen ? { open: "" } : {} },
    make("summary", {}, "For the service"), make("p", { class: "fault-detail" }, detail));
}
