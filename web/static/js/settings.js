// Settings pages work without this. It shows fields only while they count, and adds rows to lists.

for (const group of document.querySelectorAll("[data-switched]")) {
  const first = group.querySelector(".field-switch input");
  if (!first) continue;
  const own = first.closest(".field");
  const show = () => {
    for (const part of group.children) {
      if (part === own || part.tagName === "LEGEND") continue;
      // what is wrong is always shown
      part.hidden = !first.checked && !part.querySelector(".wrong");
    }
  };
  first.addEventListener("change", show);
  show();
}

// The last row of a list is empty; when something is typed into it, another one follows.
for (const list of document.querySelectorAll("fieldset.list")) {
  const most = Number(list.dataset.most) || 64;
  list.addEventListener("input", (event) => {
    const rows = [...list.querySelectorAll(".list-row")];
    const last = rows.at(-1);
    if (!last.contains(event.target) || rows.length >= most) return;
    const next = last.cloneNode(true);
    const inputs = next.matches("input") ? [next] : next.querySelectorAll("input");
    for (const input of inputs) {
      if (input.type === "checkbox") input.checked = false;
      else input.value = "";
      input.removeAttribute("autofocus");
      input.name = input.name.replace(/-(\d+)-(\w+)$/, (all, number, part) => `-${Number(number) + 1}-${part}`);
    }
    const label = next.getAttribute("aria-label");
    if (label) next.setAttribute("aria-label", label.replace(/\d+$/, String(rows.length + 1)));
    last.after(next);
  });
}

// The time of the browser, until somebody types another one, and again when the form is sent.
const utc = document.querySelector('form[action="/configuration/browser-time"] [name="utc"]');
if (utc && !utc.value) {
  let isTyped = false;
  const show = () => {
    if (!isTyped) utc.value = new Date().toISOString().slice(0, 19).replace("T", " ");
  };
  utc.addEventListener("input", () => { isTyped = true; });
  utc.form.addEventListener("submit", show);
  setInterval(show, 1000);
  show();
}

// A measurement that runs is read again every 2 s.
async function refresh() {
  const part = document.querySelector("#part[data-refresh]");
  if (!part) return;
  try {
    const answer = await fetch(location.pathname);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("part");
    if (answer.ok && next) part.replaceWith(next);
  } catch {
    // the box does not answer: the next try follows
  }
  setTimeout(refresh, 2000);
}
setTimeout(refresh, 2000);
