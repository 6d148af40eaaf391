// A scene: its acts in order, each shown, until the box shows that it is done.

import { send, showAnswer } from "./acts.js";
import { attribute, byId, make, rows, text } from "./page.js";

const SHOWN_WITHIN_MS = 6000; // assumed: the world is asked each second, a card is read in 1 s

let panel = null; // what cannot be done now, from the newest live values
let running = null; // the scene that runs
let wakes = []; // what waits for the next live values

export function startScenes(scenes) {
  rows(byId("scenes"), scenes, ({ key, title, text: words }) =>
    make("li", {},
      make("button", { class: "scene", type: "button", "data-scene": key },
        make("b", {}, title), make("span", {}, words))));
  byId("scenes").addEventListener("click", (event) => {
    const key = event.target.closest("[data-scene]")?.dataset.scene;
    const scene = scenes.find((each) => each.key === key);
    if (scene) press(scene);
  });
  byId("run-stop").addEventListener("click", () => {
    if (running) stop();
    else byId("run").hidden = true;
  });
  refresh();
}

export function showScenes(now) {
  panel = now;
  refresh();
  const waiting = wakes;
  wakes = [];
  for (const wake of waiting) wake();
}

function refresh() {
  for (const button of byId("scenes").querySelectorAll("[data-scene]")) {
    const reason = reasonOf(button.dataset.scene);
    attribute(button, "aria-disabled", reason ? "true" : null);
    const words = button.lastElementChild;
    words.dataset.words ??= words.textContent;
    text(words, reason || words.dataset.words);
  }
}

const reasonOf = (key) => (panel ? panel.reasons[`scene_${key}`] ?? "" : "The simulated world does not answer.");
const isDone = (key) => Boolean(key) && panel !== null && panel.done.includes(key);

function press(scene) {
  const reason = reasonOf(scene.key);
  if (reason) {
    showAnswer("run-answer", "");
    return;
  }
  if (running) stop();
  run(scene);
}

function stop() {
  running.isStopped = true;
  running.wake?.();
}

// Wait for a time, or until the scene is stopped.
function pause(scene, ms) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    scene.wake = () => {
      clearTimeout(timer);
      done();
    };
    wakes.push(scene.wake); // each new live value is looked at
  });
}

async function run({ title, steps }) {
  const scene = { isStopped: false, wake: null };
  running = scene;
  byId("run").hidden = false;
  text(byId("run-title"), title);
  text(byId("run-stop"), "Stop");
  showAnswer("run-answer", "");
  // What is so already is left out, but for what a step before it changes.
  const shown = steps.filter((step) => step.wait_s > 0 || !isDone(step.key));
  const lines = shown.map((step) => make("li", { "data-step": "later" }, make("span", {}, step.text), make("small", {})));
  byId("run-steps").replaceChildren(...lines);
  byId("run").scrollIntoView({ block: "nearest" });
  let refused = "";
  for (const [index, step] of shown.entries()) {
    refused = await take(scene, step, lines[index]);
    if (refused || scene.isStopped) break;
  }
  if (running !== scene) return;
  running = null;
  text(byId("run-stop"), "Close");
  if (scene.isStopped) showAnswer("run-answer", "Stopped. What was done stays as it is.", true);
  else showAnswer("run-answer", refused || "Done. Look at the front.", Boolean(refused));
}

// Do one step. Return why it could not be done; "" if it was.
async function take(scene, step, line) {
  const place = line.lastElementChild;
  line.dataset.step = "now";
  const from_ms = Date.now() + step.wait_s * 1000;
  while (!scene.isStopped && Date.now() < from_ms) {
    text(place, `in ${Math.ceil((from_ms - Date.now()) / 1000)} s`);
    await pause(scene, Math.min(1000, from_ms - Date.now()));
  }
  text(place, "");
  if (scene.isStopped) return end(line, "stopped");
  const refused = await send(step.act, step.arguments);
  if (refused) return end(line, "refused", refused);
  const until_ms = Date.now() + SHOWN_WITHIN_MS;
  while (step.key && !isDone(step.key) && !scene.isStopped && Date.now() < until_ms) {
    await pause(scene, 1000);
  }
  if (step.key && !isDone(step.key) && !scene.isStopped) {
    return end(line, "refused", step.missed || "The box does not show it.");
  }
  return end(line, "done");
}

function end(line, state, words = "") {
  line.dataset.step = state;
  text(line.lastElementChild, words);
  return words;
}
