// The front, drawn as led/frame has it, described as text, and explained.

import { secondBegan } from "./clock.js";
import { attribute, byId, make, rows, text } from "./page.js";
import { begun, effectWords, LIGHTS, MEANINGS, PATTERNS, sentence, TONES } from "./words.js";

const SEGMENTS = ["S1", "S2", "S3", "S4"];
// The lights beside the status LED in the order of their numbers on the drawing, from 2 on.
const NUMBERED = ["network", "rfid", "mode", "frame", "touch"];

const drawing = byId("drawing");
const lights = Object.fromEntries(
  Object.keys(LIGHTS).map((name) => [name, drawing.querySelector(`[data-light="${name}"]`)]));

export function startFront() {
  remember("still", byId("still"), "aria-pressed", (isStill) => {
    document.documentElement.toggleAttribute("data-still", isStill);
    keepStep();
  });
  remember("explain", byId("explain"), "aria-expanded", (isExplained) => {
    byId("stage").toggleAttribute("data-explained", isExplained);
    byId("meanings").hidden = !isExplained;
    keepStep();
  });
}

// A switch that keeps its position in this browser.
function remember(key, button, state, apply) {
  const set = (isOn) => {
    button.setAttribute(state, String(isOn));
    apply(isOn);
  };
  button.addEventListener("click", () => {
    const isOn = button.getAttribute(state) !== "true";
    localStorage.setItem(key, isOn ? "yes" : "");
    set(isOn);
  });
  set(localStorage.getItem(key) === "yes");
}

export function showFront(frame, caption, phaseMoved) {
  const shown = lightsOf(frame);
  let changed = phaseMoved;
  for (const [name, light] of Object.entries(shown)) changed = showLight(name, light) || changed;
  rows(byId("words"), Object.entries(shown), ([name, light]) =>
    make("li", {}, make("b", {}, begun(LIGHTS[name].short)), make("span", {}, asText(light))));
  rows(byId("meaning-list"), explained(frame, shown, caption), meaningRow);
  if (changed) keepStep();
  text(byId("caption"), sentence(frame ? `The status LED shows: ${caption}` : caption));
  const tone = frame ? TONES[frame.tone] ?? "" : "";
  if (byId("tone").dataset.tone !== tone) {
    byId("tone").dataset.tone = tone;
    byId("tone").replaceChildren(...(tone ? [note(), tone] : []));
  }
}

function lightsOf(frame) {
  if (!frame) return Object.fromEntries(Object.keys(LIGHTS).map((name) => [name, null]));
  const [S1, S2, S3, S4] = frame.segments;
  const { network, rfid, mode, touch } = frame;
  return { S1, S2, S3, S4, network, rfid, frame: frame.frame, mode, touch };
}

function showLight(name, light) {
  const element = lights[name];
  const color = light ? light.color : "unknown";
  const effect = light ? light.effect : "unknown";
  if (element.dataset.color === color && element.dataset.effect === effect) {
    if (element.dataset.lit) return false; // it has been drawn
  }
  element.dataset.color = color;
  element.dataset.effect = effect;
  element.dataset.lit = String(isLit(light));
  attribute(element, "aria-label", `${LIGHTS[name].full} ${asText(light)}`);
  return true;
}

const isLit = (light) => Boolean(light) && light.color !== "off" && light.effect !== "off";
const keyOf = (light) => (light ? `${light.color} ${light.effect}` : "");

// Of each light: its name, the lamps to draw, colour and effect as text, and the meaning.
function explained(frame, shown, caption) {
  const segments = SEGMENTS.map((name) => shown[name]);
  const [pattern, meaning] = PATTERNS[segments.map(keyOf).join(", ")] ?? ["", ""];
  const unknown = frame ? "Not listed." : sentence(caption);
  return [
    ["Status LED", segments, pattern || asText(segments[0]), meaning || unknown],
    ...NUMBERED.map((name) => [
      begun(LIGHTS[name].full), [shown[name]], asText(shown[name]),
      frame ? MEANINGS[name][keyOf(shown[name])] ?? unknown : unknown,
    ]),
  ];
}

function meaningRow([name, lamps, words, meaning]) {
  const drawn = lamps.map((light) => make("i", {
    class: "lamp", "data-color": light?.color ?? "unknown", "data-effect": light?.effect ?? "unknown",
    "data-lit": String(isLit(light)),
  }));
  return make("li", {},
    make("div", { class: "meaning-head" },
      make("b", {}, name),
      make("span", { class: "lamps", "aria-hidden": "true" }, ...drawn),
      make("span", { class: "soft" }, words)),
    make("p", {}, meaning));
}

// All lights that blink or pulse begin with the box's second, so they share one phase.
export function keepStep() {
  const began = secondBegan();
  for (const place of [drawing, byId("meanings")]) {
    for (const animation of place.getAnimations({ subtree: true })) animation.startTime = began;
  }
}

function asText(light) {
  return effectWords(light).filter(Boolean).join(" ");
}

function note() {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M9 17.5V5.500l10-2v12M9 17.500a2.75 2.75 0 1 1-5.5 0 2.75 2.75 0 0 1 5.5 0zM19 15.500a2.75 2.75 0 1 1-5.5 0 2.75 2.75 0 0 1 5.5 0z");
  icon.append(path);
  return icon;
}
