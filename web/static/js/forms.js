// Forms: a password can be shown, a wait counts down. Without this script both forms work as well.

// --- a password that is typed can be shown -------------------------------------------------------

for (const button of document.querySelectorAll(".reveal")) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const show = (isShown) => {
    input.type = isShown ? "text" : "password";
    button.setAttribute("aria-pressed", String(isShown));
  };
  button.addEventListener("click", () => show(input.type === "password"));
  // Browsers remember what is typed into a text, and offer it to the next person.
  input.form.addEventListener("submit", () => show(false));
}

// --- a wait counts down --------------------------------------------------------------------------

const WAITS = / in \d+ s\.$/;

for (const note of document.querySelectorAll("[data-wait-s]")) {
  const line = [...note.querySelectorAll("p, li")].find((each) => WAITS.test(each.textContent));
  const form = note.closest("form");
  if (!line || !form) continue;
  const button = form.querySelector("[type=submit]");
  const endsMs = performance.now() + Number(note.dataset.waitS) * 1000;
  note.removeAttribute("role"); // it has been read aloud, and is not each second
  button.disabled = true;
  const count = () => {
    const leftS = Math.ceil((endsMs - performance.now()) / 1000);
    if (leftS > 0) {
      line.textContent = line.textContent.replace(WAITS, ` in ${leftS} s.`);
      return;
    }
    clearInterval(timer);
    button.disabled = false;
    note.setAttribute("role", "status");
    line.textContent = "You can try again now.";
    if (line.tagName === "P") note.classList.replace("note-alarm", "note-good"); // nothing else is wrong
  };
  const timer = setInterval(count, 250);
}
