// The simulated box and its world: each press sends a request and shows its answer beside it.

import { attribute, byId, make, rows, text } from "./page.js";
import { FAULTS, VEHICLES } from "./words.js";

const UNKNOWN_CARD = "04A1B2C3D4E5F6"; // a card of no list

const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

export function startWorld() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.act) press(button);
    else if (button?.dataset.opens) toggle(button);
    else if (!event.target.closest(".picker")) closePickers();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && closePickers(true));
  byId("house-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const current_a = [0, 1, 2].map((index) => byId(`house-${index}`).valueAsNumber || 0);
    act("house", { current_a }, "house-answer", "Set.");
  });
  byId("sun-form").addEventListener("submit", (event) => {
    event.preventDefault();
    act("sun", { power_w: byId("sun-w").valueAsNumber || 0 }, "sun-answer", "Set.");
  });
  for (const input of document.querySelectorAll(".world input")) {
    input.addEventListener("input", () => { input.dataset.typed = ""; });
  }
  startHold(byId("hold"));
  startPanel();
}

export function showWorld(world, plugged) {
  byId("stage").dataset.plugged = String(world ? world.vehicle !== "away" : plugged);
  if (!world || !byId("w-vehicle")) return;
  text(byId("w-vehicle"), VEHICLES[world.vehicle] ?? world.vehicle);
  text(byId("w-mains"), world.mains ? "on" : "off");
  world.house_a.forEach((value, index) => follow(byId(`house-${index}`), value));
  follow(byId("sun-w"), world.sun_w);
  text(byId("w-faults"), world.faults.length === 0 ? "none" : `${world.faults.length} on`);
  for (const button of document.querySelectorAll(".break")) {
    attribute(button, "aria-pressed", String(world.faults.includes(button.dataset.fault)));
  }
}

// An input shows the present value until a person types in it.
function follow(input, value) {
  if ("typed" in input.dataset || document.activeElement === input) return;
  const words = String(Number(value.toFixed(1)));
  if (input.value !== words) input.value = words;
}

async function startPanel() {
  let panel = { cards: [], faults: [] };
  try {
    const answer = await fetch("/api/v1/panel", { cache: "no-store" });
    if (answer.ok) panel = await answer.json();
  } catch {
    // without it there are still an unknown card and all known faults
  }
  const unknown = { uid: UNKNOWN_CARD, color: "none", role: "unknown" };
  rows(byId("cards"), [...panel.cards, unknown], cardButton);
  faultButtons(panel.faults.map((fault) => (typeof fault === "string" ? fault : fault.name)));
}

function cardButton({ uid, role, color }) {
  const word = role === "unknown" ? "Unknown" : color[0].toUpperCase() + color.slice(1);
  const chip = make("span", { class: "chip", "data-color": color });
  return make("button", {
    class: "choice choice-card", type: "button", "data-act": "tap", "data-uid": uid,
    "data-answer": "stage-answer", "data-done": `The ${word.toLowerCase()} card was presented.`,
  }, chip, word, ...(role === "user" ? [] : [make("small", {}, role === "master" ? "master" : "card")]));
}

function faultButtons(names) {
  const known = FAULTS.flatMap(([, faults]) => Object.keys(faults));
  const offered = names.length ? names : known;
  const others = offered.filter((name) => !known.includes(name));
  const groups = FAULTS.map(([title, faults]) =>
    [title, Object.entries(faults).filter(([name]) => offered.includes(name))]);
  if (others.length) groups.push(["Others", others.map((name) => [name, name.replaceAll("_", " ")])]);
  byId("fault-groups").replaceChildren(...groups.filter(([, faults]) => faults.length).map(
    ([title, faults]) => make("div", { class: "break-group" },
      make("p", { class: "breaks-title" }, title),
      make("div", { class: "breaks" }, ...faults.map(([name, words]) => make("button", {
        class: "break", type: "button", "data-act": "fault", "data-fault": name,
        "data-answer": "fault-answer", "aria-pressed": "false",
      }, words))))));
}

function press(button) {
  const { act: verb, answer, done = "Done." } = button.dataset;
  if (verb === "fault") {
    const isOn = button.getAttribute("aria-pressed") === "true";
    const words = `${button.textContent}: ${isOn ? "repaired" : "broken"}.`;
    act(isOn ? "clear" : "fault", { name: button.dataset.fault }, answer, words);
    return;
  }
  const body = {};
  if (verb === "tap") body.uid = button.dataset.uid;
  if (verb === "service") body.seconds = Number(button.dataset.seconds);
  if (verb === "power") body.on = button.dataset.on === "true";
  if (button.closest(".picker")) closePickers(true);
  act(verb, body, answer, verb === "touch" ? "The touch key was touched." : done);
}

async function act(verb, body, placeId, done) {
  const place = byId(placeId);
  text(place, "");
  let words = done;
  let isRefused = false;
  try {
    const answer = await fetch(`/api/v1/panel/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
      body: JSON.stringify(body),
    });
    if (answer.status === 401) {
      location.assign("/login");
      return;
    }
    if (!answer.ok) {
      isRefused = true;
      words = (await answer.json().catch(() => ({}))).reason ?? `The box refused it (${answer.status}).`;
    }
  } catch {
    isRefused = true;
    words = "The box cannot be reached.";
  }
  if (!isRefused && verb === "house") forget("[id^=house-]");
  if (!isRefused && verb === "sun") forget("#sun-w");
  attribute(place, "data-refused", isRefused ? "" : null);
  text(place, words[0].toUpperCase() + words.slice(1));
}

function forget(selector) {
  for (const input of document.querySelectorAll(selector)) delete input.dataset.typed;
}

function toggle(button) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  closePickers();
  if (isOpen) return;
  const picker = byId(button.dataset.opens);
  button.setAttribute("aria-expanded", "true");
  picker.hidden = false;
  picker.querySelector("button")?.focus();
}

function closePickers(focusBack = false) {
  for (const button of document.querySelectorAll('[data-opens][aria-expanded="true"]')) {
    button.setAttribute("aria-expanded", "false");
    const picker = byId(button.dataset.opens);
    if (focusBack && picker.contains(document.activeElement)) button.focus();
    picker.hidden = true;
  }
}

// The service key, pressed by pointer, Space or Enter: on release its duration is sent to the box.
function startHold(button) {
  const name = button.textContent;
  let since = 0;
  let timer = 0;
  const begin = (event) => {
    if (since || event.repeat || (event.key && event.key !== " " && event.key !== "Enter")) return;
    event.preventDefault();
    since = performance.now();
    attribute(button, "data-held", "");
    timer = setInterval(() => text(button, `${((performance.now() - since) / 1000).toFixed(1)} s`), 100);
  };
  const end = (event) => {
    if (!since || (event.key && event.key !== " " && event.key !== "Enter")) return;
    const seconds = Math.min(60, Math.max(0.1, Math.round((performance.now() - since) / 100) / 10));
    since = 0;
    clearInterval(timer);
    attribute(button, "data-held", null);
    text(button, name);
    act("service", { seconds }, button.dataset.answer, `Pressed for ${seconds.toFixed(1)} s.`);
  };
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    begin(event);
  });
  button.addEventListener("pointerup", end);
  button.addEventListener("pointercancel", end);
  button.addEventListener("keydown", begin);
  button.addEventListener("keyup", end);
  button.addEventListener("blur", end);
}
