// The service key: pressed for a time that the box measures; a long press is confirmed first.

import { act } from "./acts.js";
import { attribute, byId, text } from "./page.js";

const ASKS_FROM_S = 5; // assumed: the cards are erased at 6 s (PAN-3)
const RESTARTS_FROM_S = 2; // PAN-3
const MOST_S = 60;

export function startService() {
  for (const button of document.querySelectorAll("[data-service]")) {
    button.addEventListener("click", () => press(Number(button.dataset.service)));
  }
  startHold(byId("press"));
}

function press(seconds) {
  const sendNow = () => act("service", { seconds }, "service-answer", `Pressed for ${seconds.toFixed(1)} s.`);
  if (seconds < ASKS_FROM_S) {
    sendNow();
    return;
  }
  const sheet = byId("erase");
  byId("erase-yes").onclick = () => {
    sheet.close();
    sendNow();
  };
  sheet.showModal();
}

// Pressed by pointer, Space or Enter: on release its duration is sent to the box.
function startHold(button) {
  const name = button.textContent;
  let since = 0;
  let timer = 0;
  const passed_s = () => (performance.now() - since) / 1000;
  const show = () => {
    const seconds = passed_s();
    let effect = "";
    if (seconds >= ASKS_FROM_S) effect = ": erases the cards";
    else if (seconds >= RESTARTS_FROM_S) effect = ": restart";
    text(button, `${seconds.toFixed(1)} s${effect}`);
  };
  const isKey = (event) => !event.key || event.key === " " || event.key === "Enter";
  const begin = (event) => {
    if (since || event.repeat || !isKey(event)) return;
    event.preventDefault();
    since = performance.now();
    attribute(button, "data-held", "");
    timer = setInterval(show, 100);
  };
  const end = (event) => {
    if (!since || !isKey(event)) return;
    const seconds = Math.min(MOST_S, Math.max(0.1, Math.round(passed_s() * 10) / 10));
    since = 0;
    clearInterval(timer);
    attribute(button, "data-held", null);
    text(button, name);
    press(seconds);
  };
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    begin(event);
  });
  for (const name of ["pointerup", "pointercancel", "keyup", "blur"]) button.addEventListener(name, end);
  button.addEventListener("keydown", begin);
}
