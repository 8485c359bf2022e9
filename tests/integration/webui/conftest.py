"""The state of the link to the centre: tests of a ‡ row run once with each."""

import pytest

from appliance.vocabulary import LinkState
from tests.integration.webui.house import House


@pytest.fixture(params=["up", "cut"])
def centre(request: pytest.FixtureRequest, page: House) -> str:
    """`page` with the centre reachable, and cut off."""
    page.link = LinkState.UP if request.param == "up" else LinkState.DOWN
    page.report()
    return str(request.param)
