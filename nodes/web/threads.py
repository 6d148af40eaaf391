"""The threads that answer requests: each is started when a request waits and no other is free."""

from waitress.task import ThreadedTaskDispatcher

MOST_THREADS = 44  # assumed: 32 for streams, 12 for pages


class RequestThreads(ThreadedTaskDispatcher):  # type: ignore[misc] # waitress has no types
    """Those of waitress, which would start all at once: 1 MB, while a box has few clients."""

    def start_missing(self) -> None:
        """Start a thread for each request that waits for one. They stay until `shutdown`.

        To be called by the thread that receives requests, after it has, and not after `shutdown`.
        A request that a thread of this object adds needs none: that thread is free then.
        """
        with self.lock:
            free = len(self.threads) - self.active_count
            count = min(len(self.threads) + len(self.queue) - free, MOST_THREADS)
        if count > len(self.threads):
            self.set_thread_count(count)

    def start_new_thread(self, target: object, thread_no: int) -> None:
        """Start a thread; if the system has none left, the next request tries again."""
        try:
            super().start_new_thread(target, thread_no)
        except RuntimeError as error:
            # `set_thread_count` has counted it in one of them, and will in the other.
            self.threads.discard(thread_no)
            self.active_count -= 1
            self.logger.warning("no further thread for a request: %s", error)
