// Where the power comes from and where it goes. Both columns have the same sum.

import { byId, make, rows } from "./page.js";
import { sentence } from "./words.js";

export function showEnergy(picture) {
  byId("energy-picture").hidden = !picture;
  if (!picture) return;
  const known = picture.flows.filter((each) => each.power_kw !== null);
  const most = Math.max(...known.map((each) => each.power_kw), 0.01);
  const drawn = known.map((each) => ({ ...each, share: each.power_kw / most }));
  showFlows("flows-from", drawn.filter((each) => each.gives));
  showFlows("flows-to", drawn.filter((each) => !each.gives));
  rows(byId("flows-missing"), picture.flows.filter((each) => each.power_kw === null),
    ({ name, missing }) => make("li", {}, `${name}: ${sentence(missing, false)}`));
}

function showFlows(id, flows) {
  byId(id).parentElement.hidden = flows.length === 0;
  rows(byId(id), flows, flowItem);
}

function flowItem({ place, name, power_kw, share }) {
  const bar = make("span", { class: "flow-bar", "data-place": place });
  bar.style.width = `${100 * share}%`;
  bar.hidden = !share;
  return make("li", { class: "flow" }, make("span", { class: "flow-name" }, name),
    make("b", { class: "flow-amount" }, `${power_kw.toFixed(2)}\u00a0kW`), bar);
}
