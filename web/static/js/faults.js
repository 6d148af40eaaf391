// The faults of the simulated world: in groups, found by name, made and repaired.

import { act } from "./acts.js";
import { attribute, byId, make, text } from "./page.js";
import { begun } from "./words.js";

export function startFaults(groups) {
  byId("fault-groups").replaceChildren(...groups.map(({ title, faults }) =>
    make("section", { class: "break-group", "aria-label": title },
      make("h3", { class: "breaks-title" }, title),
      make("div", { class: "breaks" }, ...faults.map(faultButton)))));
  byId("fault-search").addEventListener("input", search);
  byId("fault-groups").addEventListener("click", (event) => {
    const button = event.target.closest("[data-fault]");
    if (button) press(button);
  });
}

function faultButton({ name, text: words }) {
  return make("button", {
    class: "break", type: "button", "data-fault": name, "aria-pressed": "false",
  }, begun(words));
}

function press(button) {
  const isOn = button.getAttribute("aria-pressed") === "true";
  const words = `${button.textContent}: ${isOn ? "repaired" : "broken"}.`;
  act(isOn ? "clear" : "fault", { name: button.dataset.fault }, "fault-answer", words);
}

export function showFaults(present) {
  const count = present.length;
  byId("w-count").hidden = count === 0;
  text(byId("w-count"), String(count));
  text(byId("w-faults"), count ? "" : "Nothing is broken.");
  for (const button of byId("fault-groups").querySelectorAll("[data-fault]")) {
    attribute(button, "aria-pressed", String(present.includes(button.dataset.fault)));
  }
}

function search() {
  const words = byId("fault-search").value.trim().toLowerCase().split(/\s+/);
  let found = 0;
  for (const group of byId("fault-groups").children) {
    const title = group.getAttribute("aria-label").toLowerCase();
    let shown = 0;
    for (const button of group.querySelectorAll("[data-fault]")) {
      const name = `${title} ${button.textContent} ${button.dataset.fault}`.toLowerCase();
      button.hidden = !words.every((word) => name.includes(word));
      if (!button.hidden) shown += 1;
    }
    group.hidden = shown === 0;
    found += shown;
  }
  byId("fault-none").hidden = found > 0;
}
