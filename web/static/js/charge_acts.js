// What a person asks of the charge. Only what is possible is offered; the box decides again.

import { attribute, byId, make, rows, text } from "./page.js";
import { begun, sentence } from "./words.js";

const QUIET_MS = 800; // assumed: after an answer no second tap meets a button that has changed
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

let now = null; // OfferedActs
let isBusy = false;
let isCut = true; // no values come

export function startActs() {
  const place = byId("acts");
  if (!place) return; // a login that may only read
  place.addEventListener("click", ({ target }) => {
    const act = target.closest("[data-charge-act]")?.dataset.chargeAct;
    if (act) press(act);
  });
  place.addEventListener("submit", (event) => {
    event.preventDefault();
    press(event.target.dataset.chargeForm);
  });
  for (const id of ["limit-a", "delay-h"]) byId(id).addEventListener("input", showChosen);
  showChosen();
}

export function showActs(acts, hasService) {
  if (!byId("acts")) return;
  const before = now;
  now = acts;
  isCut = false;
  const can = (act) => acts.possible.includes(act);
  text(byId("acts-title"), acts.title);
  rows(byId("in-force"), acts.in_force, ({ name, words, ends_in }) =>
    make("li", {}, make("b", {}, name), ` ${sentence(words)}`, ends_in ? ` Ends in ${ends_in}.` : ""));
  byId("acts-why").hidden = !acts.why_not;
  text(byId("acts-why"), acts.why_not && `${acts.why_not} Nothing can be changed now.`);
  const isStart = can("start");
  show(byId("act-pause"), can("continue") ? "continue" : "pause", can("continue") ? "Continue" : "Pause", can("continue") || can("pause"));
  show(byId("act-stop"), isStart ? "start" : "stop", isStart ? "Start again" : "Stop", isStart || can("stop"));
  byId("acts-fields").hidden = acts.possible.length === 0;
  byId("acts-note").hidden = acts.possible.length === 0 || !hasService;
  byId("acts-more").hidden = !can("limit");
  byId("act-no-limit").hidden = acts.limit_a === null;
  if (before === null && acts.limit_a) {
    byId("limit-a").value = acts.limit_a;
    showChosen();
  }
  if (before === null && acts.until_replaced) document.querySelector('[name="validity"][value="replaced"]').checked = true;
  enable();
}

export function cutActs() {
  isCut = true;
  if (byId("acts")) enable();
}

function show(button, act, words, isOffered) {
  button.dataset.chargeAct = act;
  text(button, words);
  button.hidden = !isOffered;
}

function enable() {
  byId("acts-fields").disabled = isBusy || isCut || !now || now.possible.length === 0;
}

function showChosen() {
  const hours = byId("delay-h").valueAsNumber;
  text(byId("limit-a-shown"), `${byId("limit-a").value}\u00a0A`);
  text(byId("delay-h-shown"), `${hours}\u00a0h, at ${clock.format(Date.now() + hours * 3_600_000)}`);
}

// A wish replaces the one before: what is not changed by an act is sent again.
function wish(changes) {
  const until_replaced = document.querySelector('[name="validity"]:checked').value === "replaced";
  return ["wish", { limit_a: now.limit_a, pause: now.is_paused, until_replaced, ...changes }];
}

const REQUESTS = {
  start: () => ["start", {}],
  stop: () => ["stop", { reason: "on the page" }],
  pause: () => wish({ pause: true }),
  continue: () => wish({ pause: false }),
  limit: () => wish({ limit_a: byId("limit-a").valueAsNumber }),
  no_limit: () => wish({ limit_a: null }),
  delay: () => ["wish", { pause: true, for_s: byId("delay-h").valueAsNumber * 3600 }],
  energy_limit: () => ["energy_limit", { energy_wh: Math.round(byId("energy-kwh").valueAsNumber * 1000) }],
  no_energy_limit: () => ["energy_limit", { energy_wh: null }],
};
const DONE = {
  start: "Started again.",
  stop: "Stopped.",
  pause: "Paused.",
  continue: "Goes on.",
  limit: "The limit is set.",
  no_limit: "The limit is removed.",
  delay: "It starts later.",
  energy_limit: "The energy limit is set.",
  no_energy_limit: "The energy limit is removed.",
};

async function press(act) {
  if (isBusy || isCut || !now) return;
  const [name, body] = REQUESTS[act]();
  isBusy = true;
  enable();
  answer("");
  const refused = await send(name, body);
  answer(refused || DONE[act], Boolean(refused));
  setTimeout(() => {
    isBusy = false;
    enable();
  }, QUIET_MS);
}

async function send(name, body) {
  try {
    const reply = await fetch(`/api/v1/charge/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
      body: JSON.stringify(body),
    });
    if (reply.ok) return "";
    if (reply.status === 401) location.assign("/login");
    return begun((await reply.json().catch(() => ({}))).reason) || `The box refused it (${reply.status}).`;
  } catch {
    return "The box cannot be reached: nothing was changed.";
  }
}

function answer(words, isRefused = false) {
  const place = byId("acts-answer");
  attribute(place, "data-refused", isRefused ? "" : null);
  text(place, sentence(words));
}
