// The values with a label: each is a row of web/rows.py, and is filled in by its key.

import { byId, text } from "./page.js";
import { sentence } from "./words.js";

export function showValues(rows) {
  for (const { key, words } of rows) text(byId(key), sentence(words, false).replace(/\.$/, ""));
}
