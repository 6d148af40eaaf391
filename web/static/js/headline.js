// The headline with its kind, the message of a card, and the faults with what to do.

import { attribute, byId, make, rows, text } from "./page.js";
import { amount, begun, sentence } from "./words.js";

const LONG = 22; // letters that fit two lines of a phone in the largest size
const DRAWING = ["charging", "reduced"]; // kinds of headlines with a power in the title of the tab
const MESSAGE_MS = 6000; // assumed: long enough to read, from when the box has stopped showing it

let announced = null;
let cardNumber = null;
let cardTimer = 0;
const longest = new Map(); // the longest wait that was seen of each fault's retry [s]

export function showHeadline(live) {
  const { words, kind, more, detail } = live.headline;
  byId("now").dataset.kind = kind;
  attribute(byId("sign"), "href", `#sign-${kind}`);
  text(byId("state"), words);
  attribute(byId("state"), "data-long", words.length > LONG ? "" : null);
  text(byId("reason"), sentence(more));
  byId("reason-more").hidden = !detail;
  text(byId("reason-detail"), sentence(detail));
  const power = DRAWING.includes(kind) && live.power_w !== null ? ` ${amount(live.power_w / 1000, 1, "kW")}` : "";
  document.title = `${words}${power} - Wallbox`;
  showFaults(live.faults, words);
  showCard(live.card);
  announce([
    `${words}.`, ...live.faults.map((fault) => fault.danger), sentence(more),
    live.front ? "" : sentence(live.caption),
  ].filter(Boolean).join(" "), `${words} ${live.faults.map((fault) => fault.code)} ${!live.front}`);
}

// Announced when the headline or a fault changes, not with each value.
function announce(words, subject) {
  if (announced !== null && announced !== subject) text(byId("announce"), words);
  announced = subject;
}

function showCard(card) {
  if (!card) {
    if (cardNumber !== null && !cardTimer) cardTimer = setTimeout(hideCard, MESSAGE_MS);
    return;
  }
  clearTimeout(cardTimer);
  cardTimer = 0;
  const place = byId("card-message");
  const words = [card.card, sentence(card.words)].filter(Boolean).join(": ");
  if (card.number !== cardNumber || place.textContent !== words) text(byId("announce"), words);
  cardNumber = card.number;
  place.dataset.kind = card.kind;
  text(place, words);
  place.hidden = false;
}

function hideCard() {
  byId("card-message").hidden = true;
  cardNumber = null;
  cardTimer = 0;
}

function showFaults(faults, headline) {
  const shown = faults.map(({ retry_in_s, retry, count, ...fault }) => ({ ...fault, waits: retry_in_s !== null, isHeadline: fault.title === headline }));
  rows(byId("faults"), shown, faultItem);
  for (const { code, retry_in_s, retry } of faults) {
    if (retry_in_s === null) longest.delete(code);
    else showRetry(code, retry_in_s, retry);
  }
}

// Bars and words of a retry change each second: they are set beside the rest, which stays.
function showRetry(code, left_s, words) {
  longest.set(code, Math.max(longest.get(code) ?? 0, left_s));
  const bar = document.querySelector(`[data-retry="${code}"] progress`);
  bar.max = longest.get(code) || 1;
  bar.value = bar.max - left_s;
  text(document.querySelector(`[data-retry="${code}"] span`), sentence(words));
}

function faultItem({ code, name, title, danger, steps, known, detail, waits, isHeadline }) {
  const item = make("li", { class: "fault" }, make("h2", { class: isHeadline ? "fault-what unseen" : "fault-what" }, title));
  if (danger) item.append(make("p", { class: "fault-danger" }, danger));
  if (known.length) item.append(make("ul", { class: "fault-known", "aria-label": "What the box knows" },
    ...known.map((words) => make("li", {}, words))));
  item.append(make("ol", { class: "fault-steps", "aria-label": "What to do" },
    ...steps.map((words) => make("li", {}, words))));
  if (waits) item.append(make("p", { class: "fault-retry", "data-retry": code },
    make("progress", { max: "1", value: "0", "aria-label": "Time until the next try" }), make("span", {})));
  item.append(make("details", {}, make("summary", {}, /^\d/.test(name) ? `Code ${name}` : begun(name)),
    make("p", { class: "fault-detail" }, sentence(begun(detail)))));
  item.append(make("p", { class: "fault-help" }, make("a", { href: `/help/faults#f-${code}` }, "All causes and remedies of this fault")));
  return item;
}
