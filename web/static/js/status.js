// The live page: the stream brings the values, each part shows its own.

import { addToCurve, refreshCurve } from "./curve.js";
import { showCharge, showSilence } from "./charge.js";
import { cutActs, showActs, startActs } from "./charge_acts.js";
import { take } from "./clock.js";
import { showFront, startFront } from "./front.js";
import { byId } from "./page.js";
import { showPlan } from "./plan.js";
import { followSessions } from "./sessions.js";
import { follow } from "./stream.js";
import { playTone, soundIsOn, switchSound } from "./tones.js";
import { cutWorld, showWorld, startWorld } from "./world.js";

let wasSilent = false;

function show(live) {
  const phaseMoved = take(live.clock_s);
  byId("live").removeAttribute("data-waiting");
  showSilence(null);
  showCharge(live);
  showActs(live.acts, live.plan !== null);
  byId("set-up")?.toggleAttribute("hidden", !live.offers_set_up);
  showPlan(live.plan, live.now_utc_ns);
  followSessions(live);
  showWorld(live);
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

startFront();
if (byId("world")) startWorld();
startActs();
follow(show, (since) => {
  wasSilent = true;
  byId("live").removeAttribute("data-waiting");
  cutActs();
  cutWorld();
  showSilence(since);
});
