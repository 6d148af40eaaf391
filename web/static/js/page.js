// Helpers for the page: find, fill, make. An unchanged value is not set again.

export const byId = (id) => document.getElementById(id);

export function text(element, words) {
  if (element && element.textContent !== words) element.textContent = words;
}

export function attribute(element, name, value) {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// make("p", {class: "fault"}, "words", child): an element, its attributes, what is in it.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Rows of an element, made again only when their data has changed.
const made = new WeakMap();
export function rows(element, data, row) {
  const key = JSON.stringify(data);
  if (made.get(element) === key) return;
  made.set(element, key);
  element.replaceChildren(...data.map(row));
}
