// The live page: the stream brings the values, each part shows its own.

import { addToCurve, refreshCurve } from "./curve.js";
import { showCharge, showSilence } from "./charge.js";
import { cutActs, showActs, startActs } from "./charge_acts.js";
import { take } from "./clock.js";
import { keepStep, showFront } from "./front.js";
import { byId } from "./page.js";
import { followSessions } from "./sessions.js";
import { follow } from "./stream.js";
import { playTone, soundIsOn, switchSound } from "./tones.js";
import { showWorld, startWorld } from "./world.js";

let wasSilent = false;

function show(live) {
  const phaseMoved = take(live.clock_s);
  byId("live").removeAttribute("data-waiting");
  showSilence(null);
  showCharge(live);
  showActs(live.acts);
  followSessions(live);
  showWorld(live.world, live.plugged);
  byId("stage").dataset.flow = String(live.contactor === "closed" && live.power_w > 0);
  showFront(live.front, live.caption, phaseMoved || wasSilent);
  playTone(live.front?.tone ?? "none");
  addToCurve(live);
  if (wasSilent) refreshCurve();
  wasSilent = false;
}

byId("sound").addEventListener("click", ({ currentTarget }) => {
  switchSound(!soundIsOn());
  currentTarget.setAttribute("aria-pressed", String(soundIsOn()));
});

function holdStill(isStill) {
  document.documentElement.toggleAttribute("data-still", isStill);
  byId("still").setAttribute("aria-pressed", String(isStill));
  keepStep();
}
byId("still").addEventListener("click", () => {
  const isStill = !document.documentElement.hasAttribute("data-still");
  localStorage.setItem("still", isStill ? "yes" : "");
  holdStill(isStill);
});
holdStill(localStorage.getItem("still") === "yes");

if (byId("house-form")) startWorld();
startActs();
follow(show, (since) => {
  wasSilent = true;
  byId("live").removeAttribute("data-waiting");
  cutActs();
  showSilence(since);
});
