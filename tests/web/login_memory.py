"""The memory of a process with the web node: before and after logins over many connections.

Run `python tests/web/login_memory.py [LOGINS [CONNECTIONS]]` with the root of the project on
PYTHONPATH. It is a process of its own, as the node is, so that nothing else counts.
"""

import gc
import http.client
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlencode

from tests.web.conftest import PASSWORD, PATIENCE_S, RunningNode, token_of

BUSY = 503  # a slow machine: others are checked before
WARM_LOGINS = 2  # what the first logins load is not theirs
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def pss_mb() -> float:
    """Return the proportional set size of this process [MB]."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel says no Pss")


def log_in(connection: http.client.HTTPConnection, password: str) -> int:
    """Fill in the login page over a connection that stays open; return the status."""
    connection.request("GET", "/login")
    page = connection.getresponse()
    cookie = page.headers["Set-Cookie"].split(";")[0]
    form = {
        "csrf_token": token_of(page.read().decode()),
        "username": "admin",
        "password": password,
    }
    connection.request("POST", "/login", urlencode(form), FORM | {"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def log_in_from_all(port: int, logins: int, connections: int) -> list[int]:
    """Log in over connections that are open together; return the status of each login."""
    opened = [
        http.client.HTTPConnection("127.0.0.1", port, timeout=10 * PATIENCE_S)
        for _ in range(connections)
    ]
    statuses: list[int] = []

    def use(connection: http.client.HTTPConnection, count: int) -> None:
        for _ in range(count):
            while (status := log_in(connection, PASSWORD)) == BUSY:
                pass
            statuses.append(status)

    counts = [logins // connections + (n < logins % connections) for n in range(connections)]
    threads = [threading.Thread(target=use, args=pair) for pair in zip(opened, counts, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in opened:
        connection.close()
    return statuses


def main(logins: int, connections: int) -> None:
    """Print the memory before and after, and what the logins were answered."""
    with tempfile.TemporaryDirectory() as home:
        node = RunningNode(Path(home))
        try:
            node.sign_in()
            log_in_from_all(node.port, WARM_LOGINS, WARM_LOGINS)
            gc.collect()
            before_mb = pss_mb()
            statuses = log_in_from_all(node.port, logins, connections)
            gc.collect()
            after_mb = pss_mb()
        finally:
            node.close()
    right = statuses.count(303)
    print(f"{right} of {logins} right; {before_mb:.1f} MB before, {after_mb:.1f} MB after")


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:] or ("200", "50")))
