// The page's texts for the box's values, and the format of its numbers.

import { byId } from "./page.js";

export const UNKNOWN = "–";

// Texts that page and terminal share come with the page, from the box.
export const { LIGHTS, EFFECTS, TONES, PATTERNS, MEANINGS } = JSON.parse(byId("words-of-the-front").textContent);

export function effectWords(light) {
  if (!light) return ["not known", ""];
  if (light.color === "off" || light.effect === "off") return ["off", ""];
  return [light.color, EFFECTS[light.effect] ?? light.effect];
}

export const number = (value, digits) =>
  value === null || value === undefined || !Number.isFinite(value) ? UNKNOWN : value.toFixed(digits);

export const amount = (value, digits, unit) =>
  number(value, digits) === UNKNOWN ? UNKNOWN : `${number(value, digits)} ${unit}`;

// One unit for power: kW.
export const power = (watts) => amount(typeof watts === "number" ? watts / 1000 : null, 2, "kW");

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (part) => String(part).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

export function clockTime(date) {
  const two = (part) => String(part).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export const begun = (words) => (words ? words[0].toUpperCase() + words.slice(1) : "");

export function sentence(words, isWhole = true) {
  // A number and its unit stay on one line.
  const line = (words ?? "").trim().replace(/(\d) (?=(?:m?A|k?Wh?|V|s|min|%)\b)/g, "$1\u00a0");
  if (!line) return "";
  const shown = isWhole ? begun(line) : line;
  return /[.!?]$/.test(shown) ? shown : `${shown}.`;
}
