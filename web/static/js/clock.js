// The box's clock as this page knows it: lights blink by it, here as on the box's terminal.

const SLACK_S = 0.03; // a later word than that is a new phase, not a jitter of the network

let offset_s = null; // box's clock minus this page's

// Take the clock of an event that has just come. Returns whether the phase has moved.
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
