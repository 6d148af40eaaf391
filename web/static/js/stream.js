// One stream of live values for this tab. It ends when the tab is hidden and opens again by itself.

const SILENT_MS = 3500; // the box sends at least every second
const RETRY_MS = [300, 1000, 2000, 5000];

export function follow(onLive, onSilent) {
  let source = null;
  let failures = 0;
  let timer = 0;
  let watch = 0;
  let last = new Date(); // when the newest values came

  function open() {
    close();
    source = new EventSource("/live");
    source.addEventListener("live", (event) => {
      failures = 0;
      last = new Date();
      expectMore();
      onLive(JSON.parse(event.data));
    });
    source.onerror = () => {
      close();
      timer = setTimeout(again, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
    };
    if (!watch) expectMore();
  }

  function expectMore() {
    clearTimeout(watch);
    watch = setTimeout(() => onSilent(last), SILENT_MS);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  // A stream ends without a reason: ask once, and go to the login if that is needed.
  async function again() {
    try {
      const answer = await fetch("/api/v1/live", { cache: "no-store" });
      if (answer.status === 401) {
        location.assign("/login");
        return;
      }
    } catch {
      // no connection to the box: the stream opens again when there is one
    }
    if (!document.hidden) open();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      clearTimeout(watch);
      watch = 0;
    } else open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && open());
  if (!document.hidden) open();
}
