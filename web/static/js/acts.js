// Acts on the simulated world: each is sent to the box, and its answer is shown beside the button.

import { attribute, byId, text } from "./page.js";
import { begun } from "./words.js";

const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

// Send an act. Return why it was refused; "" if it was done.
export async function send(act, body = {}) {
  try {
    const answer = await fetch(`/api/v1/panel/${act}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
      body: JSON.stringify(body),
    });
    if (answer.ok) return "";
    if (answer.status === 401) location.assign("/login");
    const reason = (await answer.json().catch(() => ({}))).reason;
    return begun(reason) || `The box refused it (${answer.status}).`;
  } catch {
    return "The box cannot be reached.";
  }
}

// Send an act, and show in a place what was done, or why it was refused.
export async function act(name, body, placeId, done) {
  showAnswer(placeId, "");
  const refused = await send(name, body);
  showAnswer(placeId, refused || done, Boolean(refused));
  return !refused;
}

export function showAnswer(placeId, words, isRefused = false) {
  attribute(byId(placeId), "data-refused", isRefused ? "" : null);
  text(byId(placeId), words);
}
