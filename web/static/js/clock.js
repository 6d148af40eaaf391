// The box's clock on this page: the lights blink by it, as in the box's terminal.

const SLACK_S = 0.03; // a later event is a new phase, not network jitter

let offset_s = null; // box's clock minus this page's

// Take the clock of a new event. Return whether the phase has changed.
export function take(clock_s) {
  const heard_s = clock_s - performance.now() / 1000;
  const moved = offset_s === null || Math.abs(heard_s - offset_s) > SLACK_S;
  if (moved) offset_s = heard_s;
  return moved;
}

// Return when the box's current second began, as milliseconds of the document's timeline.
export function secondBegan() {
  const now_ms = document.timeline.currentTime;
  const clock_ms = performance.now() + (offset_s ?? 0) * 1000;
  return now_ms - (((clock_ms % 1000) + 1000) % 1000);
}
