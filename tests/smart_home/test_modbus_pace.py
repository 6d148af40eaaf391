"""How quickly clients of the Modbus interface are answered."""

from nodes.smart_home.modbus_pace import (
    BURST_READS,
    BURST_WRITES,
    MOST_CLIENTS,
    NO_PACE,
    READ_S,
    WRITE_S,
    ClientPace,
    turn,
)


class Client:
    """Asks on one account, and waits for each answer."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.now_s = 100.0

    def ask(self, pace: ClientPace, *, is_write: bool = False) -> ClientPace:
        pace, at_s = turn(pace, self.address, self.now_s, is_write=is_write)
        assert at_s >= self.now_s
        self.now_s = at_s
        return pace


def after(requests: int, *, is_write: bool) -> float:
    """Return how long a client waits that asks without a pause [s]."""
    client, pace = Client("192.168.2.50"), NO_PACE
    for _ in range(requests):
        pace = client.ask(pace, is_write=is_write)
    return client.now_s - 100.0


def test_all_registers_are_read_and_some_written_without_a_wait() -> None:
    assert after(BURST_READS, is_write=False) < 0.001
    assert after(BURST_WRITES, is_write=True) < 0.001


def test_a_flood_is_answered_at_its_pace() -> None:
    assert abs(after(BURST_READS + 500, is_write=False) - 500 * READ_S) < 0.001
    assert abs(after(BURST_WRITES + 20, is_write=True) - 20 * WRITE_S) < 0.001


def test_another_client_does_not_wait_for_one_that_floods() -> None:
    flood, other, pace = Client("192.168.2.66"), Client("192.168.2.50"), NO_PACE
    for _ in range(3000):
        pace = flood.ask(pace)
        if flood.now_s >= other.now_s + 1.0:  # it asks once a second
            other.now_s = flood.now_s
            pace = other.ask(pace)
            assert other.now_s == flood.now_s
            pace = other.ask(pace, is_write=True)
            assert other.now_s == flood.now_s


def test_many_connections_of_one_client_have_one_account() -> None:
    pace, late_s = NO_PACE, 0.0
    for _ in range(BURST_READS + 16):  # each waits for its answer
        pace, at_s = turn(pace, "192.168.2.66", 100.0, is_write=False)
        late_s = max(late_s, at_s - 100.0)
    assert abs(late_s - 16 * READ_S) < 0.001


def test_all_clients_together_are_answered_at_a_pace() -> None:
    pace, latest_s = NO_PACE, 0.0
    for number in range(200):
        pace, at_s = turn(pace, f"192.168.2.{number}", 100.0, is_write=False)
        latest_s = max(latest_s, at_s)
    assert abs(latest_s - 101.0) < 0.001


def test_no_more_clients_are_remembered_than_there_may_be() -> None:
    pace = NO_PACE
    for number in range(10_000):
        address = f"10.0.{number % 256}.{number // 256}"
        pace, _ = turn(pace, address, 100.0 + number * 0.0001, is_write=number % 2 == 0)
        assert len(pace.paid_s) <= MOST_CLIENTS
    pace, at_s = turn(pace, "192.168.2.50", 300.0, is_write=True)
    assert at_s == 300.0
    assert len(pace.paid_s) == 2  # of the others nothing is left
