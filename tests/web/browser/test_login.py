"""The way in, as a person goes it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.system.box import new_box
from tests.web.browser.conftest import Complaints, NewTab
from tests.web.browser.visit import PASSWORD, Site, choose_password, log_in, open_site

pytestmark = pytest.mark.system

FORBIDDEN = "status of 403"  # what the browser notes of a refused login


@pytest.fixture
def site() -> Iterator[Site]:
    """Give a new box: nobody has logged in yet."""
    with new_box() as box:
        box.launch()
        yield open_site(box)


@pytest.mark.req("WEB-1")
@pytest.mark.parametrize("scripts", [True, False], ids=["", "without JavaScript"])
def test_first_login_asks_for_a_new_password_and_then_shows_the_page(
    new_tab: NewTab, site: Site, scripts: bool
) -> None:
    page = new_tab(scripts=scripts)
    page.goto("/")
    expect(page.get_by_role("heading", name="Login")).to_be_visible()
    expect(page.get_by_text("wallbox label")).to_be_visible()
    assert site.label.web_password not in page.content()
    log_in(page, site.label.web_user, site.label.web_password)

    expect(page.get_by_role("heading", name="User Settings")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="User Settings")).to_be_visible()
    choose_password(page, site)
    expect(page.get_by_role("heading", name="Status")).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    log_in(page, site.label.web_user, PASSWORD)
    expect(page.get_by_role("heading", name="Status")).to_be_visible()


@pytest.mark.req("WEB-1", "WEB-16")
def test_a_wrong_password_is_explained_and_the_recovery_key_leads_to_user_settings(
    new_tab: NewTab, site: Site, complaints: Complaints
) -> None:
    complaints.expected = (FORBIDDEN,)
    page = new_tab()
    log_in(page, "admin", "not this one")
    expect(page.get_by_role("alert")).to_contain_text("password is wrong")
    expect(page.get_by_label("Username:")).to_have_value("admin")
    expect(page.get_by_label("Password:")).to_have_value("")

    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Recovery Key:").fill(site.label.recovery_key)
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", name="User Settings")).to_be_visible()
    page.get_by_label("New Username").fill("kari")
    page.get_by_label("New Password", exact=True).fill(PASSWORD)
    page.get_by_label("New Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Save User Settings").click()
    expect(page.get_by_role("heading", name="Status")).to_be_visible()

    page.get_by_role("link", name="User Settings").click()
    expect(page.get_by_text("kari")).to_be_visible()
    assert site.label.recovery_key not in page.content()
    page.get_by_role("region", name="Recovery Key").get_by_label("Current Password").fill(PASSWORD)
    page.get_by_role("button", name="Show Recovery Key").click()
    expect(page.get_by_text(site.label.recovery_key)).to_be_visible()
