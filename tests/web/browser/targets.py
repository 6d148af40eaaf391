"""Links and buttons that are too small for a finger (WCAG 2.2, success criterion 2.5.8)."""

from playwright.sync_api import Page

LEAST_PX = 24
BETWEEN_PX = 40  # between cards of one column, at most

SMALL = """least => {
  const folded = [...document.querySelectorAll("details:not([open])")];
  const shut = [...document.querySelectorAll('[aria-expanded="false"][aria-controls]')]
    .map((each) => document.getElementById(each.getAttribute("aria-controls")))
    .filter((each) => each?.hidden);
  for (const each of folded) each.open = true;
  for (const each of shut) each.hidden = false;
  const found = [...document.querySelectorAll("a[href], button, summary")].flatMap(small);
  for (const each of folded) each.open = false;
  for (const each of shut) each.hidden = true;
  return found;

  function small(each) {
    if (!each.checkVisibility({ visibilityProperty: true }) || each.closest(".skip")) return [];
    const { height, width } = each.getBoundingClientRect();
    if (!height || (height >= least - 0.5 && width >= least - 0.5)) return [];
    // A link in a sentence is as high as its line: the block around it has text that is no link.
    let block = each;
    while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
    const words = block.cloneNode(true);
    for (const link of words.querySelectorAll("a, button")) link.remove();
    const isInSentence = each.matches("a") && block !== each && /[a-z]/i.test(words.textContent);
    const size = `${Math.round(width)} x ${Math.round(height)} px`;
    return isInSentence ? [] : [`${each.textContent.trim()}: ${size}`];
  }
}"""

COLUMNS = """most => [".front, .last, .overview", ".now, .acts, .rest"].flatMap((column) => {
  const boxes = [...document.querySelectorAll(column)].filter((each) => each.checkVisibility());
  return boxes.slice(1).flatMap((each, index) => {
    const room = each.getBoundingClientRect().top - boxes[index].getBoundingClientRect().bottom;
    return room >= 0 && room <= most ? [] : [`${Math.round(room)} px above ${each.className}`];
  });
})"""

ORDER = """() => [".now", ".acts", ".front", ".rest", ".last", ".overview"]
  .map((name) => document.querySelector(name)).filter((each) => each?.checkVisibility())
  .map((each) => each.getBoundingClientRect().top)"""


def small_targets(page: Page) -> list[str]:
    """Return the links, buttons and summaries that are too small, also in what is folded.

    A link in a sentence may be as small as the sentence.
    """
    found: list[str] = page.evaluate(SMALL, LEAST_PX)
    return [f"too small: {each}" for each in found]


def badly_placed(page: Page) -> list[str]:
    """Return the cards of the live page with a gap above them, or out of their order."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    if width >= 960:
        gaps: list[str] = page.evaluate(COLUMNS, BETWEEN_PX)
        return gaps
    tops: list[float] = page.evaluate(ORDER)
    return [] if tops == sorted(tops) else [f"the cards are not in order: {tops}"]
