// The drawer of the simulated world: open and closed, its tabs, and the sheets over the page.

import { byId } from "./page.js";

const root = document.documentElement;
const drawer = byId("world");
const opener = byId("world-open");

export function startDrawer() {
  opener.hidden = false; // without JavaScript it does nothing
  opener.addEventListener("click", () => {
    open();
    byId("world-title").focus({ preventScroll: true });
  });
  byId("world-close").addEventListener("click", close);
  drawer.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  startTabs();
  startSheets();
  if (sessionStorage.getItem("world") === "open") open();
}

function open() {
  root.dataset.world = "open";
  drawer.inert = false;
  opener.setAttribute("aria-expanded", "true");
  sessionStorage.setItem("world", "open");
  // As a sheet it covers the lower half: the front moves above it.
  byId("stage").scrollIntoView({ block: matchMedia("(width < 60rem)").matches ? "start" : "nearest" });
}

function close() {
  delete root.dataset.world;
  drawer.inert = true;
  opener.setAttribute("aria-expanded", "false");
  sessionStorage.removeItem("world");
  opener.focus({ preventScroll: true });
}

function startTabs() {
  const tabs = [...drawer.querySelectorAll('[role="tab"]')];
  const select = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
    }
    sessionStorage.setItem("world-tab", chosen.id);
  };
  const steps = { ArrowRight: 1, ArrowLeft: -1 };
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", ({ key }) => {
      if (!(key in steps)) return;
      const next = tabs[(index + steps[key] + tabs.length) % tabs.length];
      select(next);
      next.focus();
    });
  }
  select(tabs.find((tab) => tab.id === sessionStorage.getItem("world-tab")) ?? tabs[0]);
}

// A sheet closes by Escape, by its last button, by a press beside it, and with each act.
function startSheets() {
  for (const button of document.querySelectorAll("[data-opens]")) {
    button.addEventListener("click", () => byId(button.dataset.opens).showModal());
  }
  for (const sheet of document.querySelectorAll("dialog.sheet")) {
    sheet.addEventListener("click", ({ target }) => {
      if (target === sheet || target.closest("[data-act]")) sheet.close();
    });
  }
}
