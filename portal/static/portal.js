// The page: shows what the portal sends, and sends what is asked for.

import { chart } from "./chart.js";

const byId = (id) => document.getElementById(id);
const HOURS = 24;
const AGAIN_MS = 2000;

const STATUS = {
  Available: "No vehicle", Preparing: "Vehicle connected", Charging: "Charging",
  SuspendedEV: "The vehicle pauses", SuspendedEVSE: "Paused by the box", Finishing: "Charge ended",
  Reserved: "Reserved", Unavailable: "Out of use", Faulted: "Fault",
};
const PAIRING = {
  new: "This box does not belong to the portal yet. Activate it here, then confirm at the box. No vehicle may be plugged in.",
  offered: "Press the touch key of the box now: it is lit.",
  confirmed: "The box gets its key.",
};

let socket = null;
const shown = new Map(); // identity -> element
const drawn = new WeakMap(); // element -> what is drawn in it

function connect() {
  socket = new WebSocket(`ws://${location.host}/page`);
  socket.onopen = () => { byId("lost").hidden = true; };
  socket.onclose = () => {
    byId("lost").hidden = false;
    setTimeout(connect, AGAIN_MS);
  };
  socket.onmessage = (event) => {
    const state = JSON.parse(event.data);
    if ("problem" in state) {
      byId("problem").textContent = `This was not done: ${state.problem}`;
      byId("problem").hidden = false;
    } else show(state);
  };
}

function order(message) {
  byId("problem").hidden = true;
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function show(state) {
  byId("no-box").hidden = state.boxes.length > 0;
  const present = new Set(state.boxes.map((box) => box.identity));
  for (const [identity, element] of shown) {
    if (present.has(identity)) continue;
    element.remove();
    shown.delete(identity);
  }
  for (const box of state.boxes) showBox(box, state);
  showPrices(state);
  showCards(state);
  showCharges(state.charges);
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const number = (value, unit, digits = 0) => value === null ? "–" : `${value.toFixed(digits)} ${unit}`;
const kwh = (wh) => number(wh === null ? null : wh / 1000, "kWh", 2);
const time = (text) => text ? new Date(text).toLocaleString([], { dateStyle: "short", timeStyle: "short" }) : "";
const clock = (utc_s) => new Date(utc_s * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function newBox(identity) {
  const element = byId("box-template").content.firstElementChild.cloneNode(true);
  const find = (name) => element.querySelector(`.${name}`);
  say(find("identity"), identity);
  find("activate").onclick = () => order({ do: "activate", box: identity });
  find("stop").onclick = () => order({ do: "stop", box: identity });
  find("no-wish").onclick = () => order({ do: "wish", box: identity, wish: null });
  find("forget").onclick = () => order({ do: "forget", box: identity });
  find("start").onsubmit = (event) => {
    event.preventDefault();
    order({ do: "start", box: identity, card: event.target.elements.card.value.trim() });
  };
  find("wish").onsubmit = (event) => {
    event.preventDefault();
    const fields = event.target.elements;
    order({ do: "wish", box: identity, wish: {
      energy_kwh: Number(fields.energy.value), departure: fields.departure.value,
      phases: Number(fields.phases.value), most_a: Number(fields.most.value),
    } });
  };
  byId("boxes").append(element);
  shown.set(identity, element);
  setWish(find("wish"), { energy_kwh: 20, departure: "07:00", phases: 3, most_a: 32 });
  return element;
}

function setWish(form, wish) {
  const fields = form.elements;
  fields.energy.value = wish.energy_kwh;
  fields.departure.value = wish.departure;
  fields.phases.value = wish.phases;
  fields.most.value = wish.most_a;
}

function showBox(box, state) {
  const element = shown.get(box.identity) ?? newBox(box.identity);
  const find = (name) => element.querySelector(`.${name}`);
  const isPaired = box.stage === "paired";
  const isOnline = isPaired && box.is_accepted;
  say(find("state"), isOnline ? "Online" : box.is_connected ? "Connected" : "Not connected");
  find("state").classList.toggle("online", isOnline);
  say(find("model"), [box.model, box.firmware].filter(Boolean).join(", firmware "));
  say(find("note"), box.note);
  find("note").hidden = !box.note;
  find("pairing").hidden = isPaired;
  find("paired").hidden = !isPaired;
  say(find("pairing-words"), PAIRING[box.stage] ?? "");
  find("pairing-words").classList.toggle("lit", box.stage === "offered");
  find("activate").disabled = box.stage !== "new" || !box.is_connected;
  if (!isPaired) return;
  say(find("status"), [STATUS[box.status] ?? box.status, box.error && `(${box.error} ${box.info})`].filter(Boolean).join(" ") || "–");
  say(find("power"), number(box.power_w === null ? null : box.power_w / 1000, "kW", 1));
  say(find("currents"), box.currents_a.map((each) => each === null ? "–" : each.toFixed(1)).join(" / ") + " A");
  say(find("offered"), number(box.offered_a, "A", 1));
  say(find("energy"), box.charge ? kwh(box.charge.energy_wh) : "–");
  say(find("card-of-charge"), box.charge ? box.charge.token : "–");
  find("stop").disabled = !box.charge || !isOnline;
  find("start").querySelector("button").disabled = Boolean(box.charge) || !isOnline;
  const wish = JSON.stringify(box.wish);
  if (drawn.get(find("wish")) !== wish) {
    drawn.set(find("wish"), wish);
    if (box.wish) setWish(find("wish"), box.wish);
  }
  showPlan(find, box, state);
}

function showPlan(find, box, state) {
  const plan = box.plan;
  let words = "There is no departure: each charge is fast.";
  if (plan) {
    const end = clock(plan.begin_utc_s + plan.duration_s);
    const rest = kwh(plan.energy_wh);
    words = plan.is_enough
      ? `The box follows this plan: ${rest} more until ${end}, for ${plan.cost.toFixed(2)} EUR.`
      : `The time until ${end} is too short: ${rest} more is possible, for ${plan.cost.toFixed(2)} EUR.`;
  } else if (box.wish && box.charge) words = "There is no plan for this charge: its departure is over, or the box has not taken one.";
  else if (box.wish) words = `The next charge gets a plan: ${box.wish.energy_kwh} kWh by ${box.wish.departure}.`;
  if (box.charge?.mode === "fast") words = `Fast: chosen at the box. ${plan ? "It does not follow the plan." : ""}`.trim();
  say(find("plan-words"), words);
  redraw(find("plan-chart"), plan && plan.duration_s > 0 ? [state.slots, plan] : null,
    () => chart(state.slots, plan, "Current of the plan over the prices"));
}

function redraw(element, content, draw) {
  const key = JSON.stringify(content);
  if (drawn.get(element) === key) return;
  drawn.set(element, key);
  element.replaceChildren(...(content ? [draw()] : []));
}

function showPrices(state) {
  const fields = byId("price-fields");
  if (!fields.children.length) {
    for (let hour = 0; hour < HOURS; hour += 1) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "number", min: -1000, max: 1000, step: 0.1, required: true });
      label.append(`${String(hour).padStart(2, "0")} h`, input);
      fields.append(label);
    }
  }
  const prices = JSON.stringify(state.prices);
  if (drawn.get(fields) !== prices) {
    drawn.set(fields, prices);
    fields.querySelectorAll("input").forEach((input, hour) => {
      input.value = Math.round(state.prices[hour] * 1000) / 10;
    });
  }
  redraw(byId("price-chart"), state.slots, () => chart(state.slots, null, "Prices from now on"));
}

byId("prices").onsubmit = (event) => {
  event.preventDefault();
  const inputs = [...byId("price-fields").querySelectorAll("input")];
  order({ do: "prices", prices: inputs.map((input) => Number(input.value) / 100) });
};

byId("new-cards").onchange = (event) => order({ do: "new_cards", is_accepted: event.target.checked });

function showCards(state) {
  byId("new-cards").checked = state.accepts_new_cards;
  redraw(byId("cards"), state.cards, () => {
    const list = document.createDocumentFragment();
    for (const card of state.cards) {
      const row = document.createElement("li");
      const name = document.createElement("span");
      name.textContent = `${card.token}: ${card.is_accepted ? "accepted" : "blocked"}`;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = card.is_accepted ? "Block" : "Accept";
      button.onclick = () => order({ do: "card", card: card.token, is_accepted: !card.is_accepted });
      row.append(name, button);
      list.append(row);
    }
    return list;
  });
  byId("known-cards").replaceChildren(...state.cards.filter((card) => card.is_accepted).map((card) => new Option(card.token)));
}

function showCharges(charges) {
  redraw(byId("charges"), charges, () => {
    const rows = document.createDocumentFragment();
    for (const charge of charges) {
      const row = document.createElement("tr");
      const end = charge.ended ? `${time(charge.ended)} (${charge.reason})` : "runs";
      for (const text of [charge.identity, charge.token, time(charge.begun), end, kwh(charge.energy_wh)]) {
        const cell = document.createElement("td");
        cell.textContent = text;
        row.append(cell);
      }
      row.lastElementChild.className = "number";
      rows.append(row);
    }
    return rows;
  });
}

connect();
