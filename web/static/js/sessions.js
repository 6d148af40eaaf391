// The last sessions, asked for again when a session begins or ends.

import { byId, make, rows, text } from "./page.js";
import { duration, begun } from "./words.js";

const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
let known = null; // the session that ran when they were asked for

export function followSessions(live) {
  if (live.state === null || live.session_id === known) return;
  known = live.session_id;
  ask();
}

async function ask() {
  let found;
  let recent;
  try {
    const answer = await fetch("/api/v1/sessions", { cache: "no-store" });
    if (!answer.ok) return again();
    ({ sessions: found, recent } = await answer.json());
  } catch {
    return again();
  }
  byId("sessions-none").hidden = found.length > 0;
  text(byId("sessions-recent"), recent);
  byId("sessions-all").hidden = found.length === 0;
  rows(byId("sessions"), found, sessionItem);
}

function again() {
  known = null; // with the next values
}

function sessionItem({ started_utc_ns, duration_s, energy_wh, end, card }) {
  const start = started_utc_ns === null ? "Start not known: the clock was not set" : when.format(started_utc_ns / 1e6);
  const lasted = duration_s === null ? "" : `${duration(duration_s)} h`;
  return make("li", { class: "session" },
    make("span", { class: "session-start" }, start),
    make("b", { class: "session-energy" }, `${(energy_wh / 1000).toFixed(2)}\u00a0kWh`),
    make("span", { class: "session-rest" }, [lasted, begun(end), card].filter(Boolean).join(" · ")));
}
