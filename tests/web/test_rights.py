"""Who may use what: the table of rights against the routes, and each login against each right."""

import pytest

from tests.web.conftest import Desk
from web.rights import RIGHTS, LoginKind, Right, RightsError, may, require_rows

MAY_LOOK = {
    Right.OPEN: set(LoginKind),
    Right.METRICS: {LoginKind.METRICS},
    Right.LOGIN: {LoginKind.FORCED, LoginKind.VIEWER, LoginKind.OWNER},
    Right.FORCED: {LoginKind.FORCED, LoginKind.OWNER},
    Right.READ: {LoginKind.VIEWER, LoginKind.OWNER},
    Right.OWNER: {LoginKind.OWNER},
}
MAY_SEND = {**MAY_LOOK, Right.READ: {LoginKind.OWNER}, Right.METRICS: set()}


def test_each_route_has_a_right_and_each_right_a_route(desk: Desk) -> None:
    assert {rule.endpoint for rule in desk.app.url_map.iter_rules()} == set(RIGHTS)


def test_a_route_without_a_right_is_not_served(desk: Desk) -> None:
    with pytest.raises(RightsError, match=r"without a right: \['new'\]"):
        require_rows([*RIGHTS, "new"])
    with pytest.raises(RightsError, match=r"without an endpoint: \['health'\]"):
        require_rows(RIGHTS.keys() - {"health"})
    desk.app.add_url_rule("/new", "new", lambda: "secret", methods=["GET", "POST"])
    answer = desk.browser().get("/new")
    assert (answer.status_code, answer.location) == (303, "/login")


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("login", LoginKind)
def test_a_login_may_what_its_right_says(login: LoginKind, right: Right) -> None:
    assert may(login, right, is_safe=True) is (login in MAY_LOOK[right])
    assert may(login, right, is_safe=False) is (login in MAY_SEND[right])
