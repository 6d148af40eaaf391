// The simulated box and its world: what is pressed on the drawing, and the drawer with its controls.

import { act, showAnswer } from "./acts.js";
import { startDrawer } from "./drawer.js";
import { startFaults, showFaults } from "./faults.js";
import { attribute, byId, make, rows, text } from "./page.js";
import { showScenes, startScenes } from "./scenes.js";
import { startService } from "./service.js";

const SENT_AFTER_MS = 150; // a slider that moves sends its last position
const UNKNOWN_WORLD = "The simulated world does not answer yet: nothing was done.";
const SETTLED_MS = 2500; // until the world shows what a slider has sent

let vehicles = {};
let reasons = null; // why acts are not possible now; null: no values have come

export async function startWorld() {
  startDrawer();
  startService();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (button) press(button);
  });
  byId("plug").addEventListener("click", pressPlug);
  slide("house", [0, 1, 2].map((index) => byId(`house-${index}`)), (values) => ({ current_a: values }));
  slide("sun", [byId("sun-kw")], ([kilowatts]) => ({ power_w: Math.round(kilowatts * 1000) }));
  const panel = await load();
  vehicles = panel.vehicles;
  rows(byId("card-list"), panel.cards, cardButton);
  startScenes(panel.scenes);
  startFaults(panel.groups);
}

// What does not change; asked again until the box answers.
async function load() {
  for (;;) {
    try {
      const answer = await fetch("/api/v1/panel", { cache: "no-store" });
      if (answer.ok) return await answer.json();
    } catch {
      // the box cannot be reached now
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

export function showWorld(live) {
  const { world, panel } = live;
  byId("stage").dataset.plugged = String(world ? world.vehicle !== "away" : live.plugged);
  if (!byId("world")) return;
  reasons = panel?.reasons ?? null;
  showScenes(panel ?? null);
  for (const button of document.querySelectorAll("button[data-act]:not([data-act=touch], [data-act=tap])")) {
    attribute(button, "aria-disabled", reasonOf(button) ? "true" : null);
  }
  for (const group of document.querySelectorAll(".group")) showReasons(group);
  text(byId("touch-words"), reasons?.touch ? "Touch key, dark: a press does nothing" : "Touch key, lit: touch it");
  text(byId("w-now"), [live.headline.words, live.power_w > 0 ? `${(live.power_w / 1000).toFixed(2)} kW` : ""].filter(Boolean).join(", "));
  if (!world) return;
  text(byId("plug-words"), world.vehicle === "away" ? "Plug, parked: plug it in" : "Plug, at the vehicle: take it out");
  text(byId("w-vehicle"), vehicles[world.vehicle] ?? world.vehicle);
  text(byId("w-mains"), world.mains ? "on" : "off");
  text(byId("w-input"), world.external_closed ? "closed" : "open");
  world.house_a.forEach((value, index) => follow(byId(`house-${index}`), value));
  follow(byId("sun-kw"), world.sun_w / 1000);
  showFaults(world.faults);
}

// The box does not answer: nothing is offered meanwhile.
export function cutWorld() {
  if (!byId("world")) return;
  reasons = null;
  showScenes(null);
  text(byId("w-now"), "The box does not answer.");
}

const reasonOf = ({ dataset }) => reasons ? reasons[dataset.key ?? dataset.act] ?? "" : UNKNOWN_WORLD;

// The reasons of a group's buttons, each once, below them.
function showReasons(group) {
  const place = group.querySelector(".barred");
  if (!place) return;
  const found = [...group.querySelectorAll("[data-act]")].map(reasonOf).filter(Boolean);
  text(place, [...new Set(found)].join(" "));
}

function cardButton({ uid, role, color }) {
  const name = role ? color[0].toUpperCase() + color.slice(1) : "Unknown";
  const kind = { master: "master card", user: "card" }[role] ?? "card of no list";
  return make("button", {
    class: "card-choice", type: "button", "data-act": "tap", "data-body": JSON.stringify({ uid }),
    "data-answer": "stage-answer", "data-done": `The ${name.toLowerCase()} card was presented.`,
  }, make("span", { class: "chip", "data-chip": color }), make("b", {}, name), make("small", {}, kind));
}

function press(button) {
  const { act: name, answer, body = "{}", done = "Done." } = button.dataset;
  const reason = reasonOf(button);
  if (!reasons) {
    showAnswer(answer, UNKNOWN_WORLD, true);
  } else if (name === "touch") {
    act(name, {}, answer, reason || "The touch key was touched.");
  } else if (reason && name !== "tap") {
    showAnswer(answer, reason, true);
  } else {
    act(name, JSON.parse(body), answer, done);
  }
}

function pressPlug() {
  if (!reasons) {
    showAnswer("stage-answer", UNKNOWN_WORLD, true);
    return;
  }
  if (reasons.plug === undefined) {
    act("plug", {}, "stage-answer", "The plug is in the vehicle.");
    return;
  }
  const isLoaded = byId("stage").dataset.flow === "true";
  text(byId("take-out-words"), isLoaded
    ? "The vehicle draws current. Unplug asks it to stop first, as its driver does."
    : "Unplug asks the vehicle first, as its driver does.");
  byId("take-out").showModal();
}

// Sliders of one act: they show the world, and send what a person chooses.
function slide(name, inputs, body) {
  let timer = 0;
  const sendNow = () => {
    if (reasons) act(name, body(inputs.map((each) => each.valueAsNumber)), `${name}-answer`, "");
    else showAnswer(`${name}-answer`, UNKNOWN_WORLD, true);
  };
  for (const input of inputs) {
    input.addEventListener("input", () => {
      for (const each of inputs) each.dataset.chosen_ms = String(Date.now());
      showValue(input, input.valueAsNumber);
      clearTimeout(timer);
      timer = setTimeout(sendNow, SENT_AFTER_MS);
    });
  }
}

function follow(input, value) {
  if (Date.now() - Number(input.dataset.chosen_ms ?? 0) < SETTLED_MS) return;
  const words = String(Math.min(value, Number(input.max)));
  if (input.value !== words) input.value = words;
  showValue(input, value);
}

function showValue(input, value) {
  const words = `${value.toFixed(1)} ${input.dataset.unit}`;
  text(input.nextElementSibling, words);
  attribute(input, "aria-valuetext", words);
}
