// The front, drawn as led/frame has it, and described as text.

import { secondBegan } from "./clock.js";
import { attribute, byId, make, rows, text } from "./page.js";
import { begun, effectWords, LIGHTS, sentence, TONES } from "./words.js";

const drawing = byId("drawing");
const lights = Object.fromEntries(
  Object.keys(LIGHTS).map((name) => [name, drawing.querySelector(`[data-light="${name}"]`)]));

export function showFront(frame, caption, phaseMoved) {
  const shown = lightsOf(frame);
  let changed = phaseMoved;
  for (const [name, light] of Object.entries(shown)) changed = showLight(name, light) || changed;
  if (changed) keepStep();
  rows(byId("words"), Object.entries(shown), ([name, light]) =>
    make("li", {}, make("b", {}, begun(LIGHTS[name].short)), make("span", {}, asText(light))));
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
  element.dataset.lit = String(Boolean(light) && color !== "off" && effect !== "off");
  const [colorWord, effectWord] = effectWords(light);
  attribute(element, "aria-label", `${LIGHTS[name].full} ${asText(light)}`);
  text(element.querySelector(".light-color"), light ? colorWord : "?");
  text(element.querySelector(".light-effect"), effectWord);
  return true;
}

// All lights that blink or pulse begin with the box's second, so they share one phase.
export function keepStep() {
  const began = secondBegan();
  for (const animation of drawing.getAnimations({ subtree: true })) animation.startTime = began;
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
