"""The table of settings pages, with the titles of the manual where it has the page."""

from web.forms import box_pages, house_pages, rows

PAGES: tuple[rows.Page, ...] = (
    box_pages.OPERATING_MODE,
    box_pages.UNPAIRING,
    house_pages.MAIN_FUSE,
    house_pages.PHASE_ASSIGNMENT,
    house_pages.PHASE_SEARCH,
    house_pages.EXTERNAL_METER,
    box_pages.AUTHORIZATION,
    box_pages.BROWSER_TIME,
    box_pages.CARD_NAME,
    box_pages.CARD_REMOVAL,
    house_pages.SOLAR,
    box_pages.SCHEDULE,
    box_pages.CHARGE_LIMIT,
    house_pages.UNBALANCE,
    house_pages.EXTERNAL_INPUT,
    box_pages.SMART_HOME,
    box_pages.BROKER_PASSWORD,
    box_pages.METRICS,
    box_pages.PAGE_ADDRESS,
    box_pages.NEW_PART,
    box_pages.RESTART,
)
"""All of them, in the order of the menus."""
