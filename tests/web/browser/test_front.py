"""The drawing shows what led says: every light, in every state, in step."""

from typing import Any

import pytest
from playwright.sync_api import Page, StorageState, expect

from msgs.led import LedFrame
from msgs.topics import LED_FRAME
from tests.web.browser.conftest import NewTab
from tests.web.browser.visit import Lights, Site, drawn, lights_of, wait_until

pytestmark = pytest.mark.system

NAMES = {"S1", "S2", "S3", "S4", "network", "rfid", "frame", "mode", "touch"}
BLUE, BLINKING, DARK = ("blue", "steady"), ("blue", "blink"), ("off", "off")
ORANGE, ORANGE_BLINKING = ("orange", "steady"), ("orange", "blink")


def is_drawn(page: Page, site: Site, *segments: tuple[str, str]) -> Lights:
    """Wait until led says these segments, and the drawing says all that led says."""

    def holds() -> bool:
        said = lights_of(site.frame())
        return list(said.values())[:4] == list(segments) and drawn(page) == said

    wait_until(holds, f"{segments} are drawn")
    return drawn(page)


def words_of(page: Page, name: str) -> str:
    return page.locator(f'[data-light="{name}"]').get_attribute("aria-label") or ""


@pytest.mark.req("PAN-1", "LED-1")
def test_idle_box_is_drawn_steady_blue_and_described_as_text(tab: Page, site: Site) -> None:
    lights = is_drawn(tab, site, BLUE, BLUE, BLUE, BLUE)
    assert set(lights) == NAMES
    assert words_of(tab, "S1") == "S1 blue"
    expect(tab.locator("#words li")).to_have_count(len(NAMES))
    expect(tab.locator("#words")).to_contain_text("S4blue")
    expect(tab.locator("#caption")).to_contain_text(site.frame().caption)


@pytest.mark.req("RFID-2")
def test_required_card_is_drawn_as_a_white_pulse_of_indicator_and_frame(
    tab: Page, site: Site
) -> None:
    site.require_cards(True)
    lights = is_drawn(tab, site, DARK, DARK, DARK, DARK)
    assert lights["rfid"] == lights["frame"] == ("white", "pulse")
    assert words_of(tab, "frame") == "frame of the reading area white pulses"


def is_meter_lost(frame: LedFrame) -> bool:
    return frame.caption == "house meter lost"


def test_silent_front_is_drawn_hatched_and_described_as_text(tab: Page, site: Site) -> None:
    with site.box.frozen("led"), site.box.frozen("launch"):  # which would begin led again
        expect(tab.locator("#caption")).to_contain_text("No message from led for")
        assert set(drawn(tab).values()) == {("unknown", "unknown")}
        assert words_of(tab, "S1") == "S1 not known"
    expect(tab.locator("#caption")).to_contain_text("The status LED shows")


STEP = """() => document.querySelector("#drawing").getAnimations({subtree: true})
    .filter((each) => each.animationName !== "flow")
    .map((each) => [each.startTime, each.effect.getTiming().duration])"""


@pytest.mark.req("LED-4", "LED-10")
def test_lost_house_meter_is_drawn_as_two_segments_in_phase_with_lights_that_begin_later(
    tab: Page, site: Site
) -> None:
    site.box.act("fault", name="meter_lost")
    site.box.until(LED_FRAME, is_meter_lost)
    is_drawn(tab, site, ORANGE_BLINKING, ORANGE_BLINKING, DARK, DARK)
    expect(tab.locator("#flows-missing")).to_contain_text("no reading for")
    share_one_phase(tab, 2)
    site.require_cards(True)  # the indicator and the frame begin to pulse
    expect(tab.locator('#drawing [data-effect="pulse"]')).to_have_count(2)
    share_one_phase(tab, 4)


def share_one_phase(page: Page, count: int) -> None:
    """Assert that so many lights have begun at one time, all of them with a period of 1 s."""
    found: list[list[Any]] = page.evaluate(STEP)
    assert len(found) == count
    assert {duration for _, duration in found} == {1000}
    assert len({start for start, _ in found}) == 1


@pytest.mark.req("LED-8")
def test_pattern_of_a_fault_is_drawn_and_its_remedy_stands_beside_it(tab: Page, site: Site) -> None:
    site.box.act("plug")
    site.box.act("fault", name="no_diode")
    white, red = ("white", "steady"), ("red", "steady")
    site.box.act("ready")
    lights = is_drawn_any(tab, site, ("white", "red", "white", "red"))
    assert {lights["S1"][0], lights["S2"][0]} == {white[0], red[0]}
    fault = tab.get_by_role("list", name="Faults").get_by_role("listitem")
    expect(fault.first).to_contain_text("5")
    help_of_it = fault.first.get_by_role("link", name="All causes and remedies of this fault")
    expect(help_of_it).to_have_attribute("href", "/help/faults#f-5")
    expect(tab.get_by_role("list", name="What to do").get_by_role("listitem")).to_have_count(2)


def is_drawn_any(page: Page, site: Site, colors: tuple[str, ...]) -> Lights:
    """Wait until led says these colours, whatever their effect, and the drawing says the same."""

    def holds() -> bool:
        said = lights_of(site.frame())
        return (
            tuple(color for color, _ in list(said.values())[:4]) == colors and drawn(page) == said
        )

    wait_until(holds, f"{colors} are drawn")
    return drawn(page)


@pytest.mark.req("LED-2", "LED-3")
def test_self_test_and_charge_are_drawn_as_they_pass(tab: Page, site: Site) -> None:
    seen: list[Lights] = []

    def note_until(state: str) -> None:
        def holds() -> bool:
            lights = drawn(tab)
            if not seen or seen[-1] != lights:
                seen.append(lights)
            return tab.locator("#state").inner_text() == state

        wait_until(holds, f"the page says {state}")

    site.box.act("plug")
    site.box.act("ready")
    note_until("Charging")
    assert ORANGE in [lights["S1"] for lights in seen]
    is_drawn(tab, site, BLINKING, BLINKING, BLINKING, BLINKING)
    assert words_of(tab, "S1") == "S1 blue blinks"


@pytest.mark.usefixtures("charging")
def test_box_and_page_blink_by_the_same_clock(tab: Page, site: Site) -> None:
    is_drawn(tab, site, BLINKING, BLINKING, BLINKING, BLINKING)
    # CLOCK_MONOTONIC of this machine is the box's clock; the stream sends it to the page.
    shown = tab.evaluate(
        """async () => {
            const asked = performance.now();
            const live = await (await fetch("/api/v1/live")).json();
            const clock_ms = live.clock_s * 1000 - (performance.now() - asked) / 2;
            const light = document.querySelector('[data-light="S1"] .lamp');
            const shown_ms = light.getAnimations()[0].currentTime % 1000;
            return [clock_ms % 1000, shown_ms, performance.now() - asked];
        }"""
    )
    clock_ms, shown_ms, took_ms = shown
    apart_ms = abs((shown_ms - clock_ms + 500) % 1000 - 500)
    assert apart_ms < took_ms + 100


@pytest.mark.usefixtures("charging")
def test_who_wants_no_motion_gets_steady_lights_and_the_word(
    new_tab: NewTab, signed_in: StorageState, site: Site
) -> None:
    page = new_tab(state=signed_in, motion="reduce")
    page.goto("/")
    is_drawn(page, site, BLINKING, BLINKING, BLINKING, BLINKING)
    assert page.evaluate(STEP) == []
    assert words_of(page, "S1") == "S1 blue blinks"


@pytest.mark.usefixtures("charging")
def test_lights_can_be_held_still(tab: Page, site: Site) -> None:
    is_drawn(tab, site, BLINKING, BLINKING, BLINKING, BLINKING)
    tab.get_by_role("button", name="Hold lights still").click()
    assert tab.evaluate(STEP) == []
    tab.get_by_role("button", name="Hold lights still").click()
    share_one_phase(tab, 4)


@pytest.mark.usefixtures("charging")
@pytest.mark.req("LED-3", "PAN-4")
def test_lights_are_explained_on_request_and_that_is_kept(tab: Page, site: Site) -> None:
    is_drawn(tab, site, BLINKING, BLINKING, BLINKING, BLINKING)
    explain = tab.get_by_role("button", name="Explain the lights")
    expect(tab.locator("#meanings")).to_be_hidden()
    assert tab.locator("#drawing text:visible").all_inner_texts() == []  # no word on the glass
    explain.click()
    rows = tab.locator("#meaning-list > li")
    expect(rows).to_have_count(6)
    expect(rows.first).to_contain_text("Status LED")
    expect(rows.first).to_contain_text("blue blinks")
    expect(rows.first).to_contain_text("The vehicle is charged.")
    expect(rows.last).to_contain_text("A press does nothing now.")
    assert tab.locator(".callout:visible").count() == 6
    share_one_phase(tab, 4)
    tab.reload()
    expect(explain).to_have_attribute("aria-expanded", "true")
    explain.click()
    expect(tab.locator("#meanings")).to_be_hidden()
