"""A person at the building page: signed in, with the page's own forms and their tokens, from inside the building."""

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.lab.building import Building
from tests.lab.waiting import until

PASSWORD = "una frase bastante larga"


@dataclass
class PageClient:
    """Of `building`'s page, in English. `role`: viewer, technician or administrator; its user is made."""

    building: Building
    role: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.headers["Accept-Language"] = "en"
        user = f"lab-{self.role}"
        self.building.command(
            *("users", "add", user, "--role", self.role, "--password-stdin"), input=f"{PASSWORD}\n", check=False
        )
        until(lambda: self._request("GET", "/health").ok, 20, "the page answers")
        answer = self.send("/login", {"user": user, "password": PASSWORD})
        assert answer.status_code == 302, answer.text

    @property
    def url(self) -> str:
        settings = self.building.settings
        return f"http://{settings.network.management_address}:{settings.web.port}"

    def see(self, path: str, status: int = 200) -> str:
        answer = self._request("GET", path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[-2000:])
        return answer.text

    def json(self, path: str) -> Any:
        return self._request("GET", path).json()

    def fragment(self, view: str, name: str) -> str:
        """A part of a page as its live stream has it now."""
        return str(self.json(f"/api/v1/fragments?view={view}")["fragments"][name])

    def send(self, path: str, data: dict[str, Any], files: dict[str, Any] | None = None) -> requests.Response:
        """A form of the page, with its token; the answer, not followed."""
        form = self._request("GET", "/login")
        if form.status_code == 302:  # Signed in already.
            form = self._request("GET", "/account")
        found = re.search(r'name="csrf" value="([^"]+)"', form.text)
        assert found
        return self._request("POST", path, data={"csrf": found[1], **data}, files=files)

    def does(self, path: str, data: dict[str, Any], files: dict[str, Any] | None = None) -> str:
        """A form that is accepted: the page that it leads to."""
        answer = self.send(path, data, files)
        assert answer.status_code == 302, (path, answer.status_code, told(answer.text))
        return self.see(answer.headers["Location"].removeprefix(self.url))

    def _request(self, method: str, path: str, **more: Any) -> requests.Response:
        place = self.building.place
        inside: AbstractContextManager[None] = place.inside() if place else nullcontext()
        with inside:
            try:
                return self.session.request(method, self.url + path, timeout=15, allow_redirects=False, **more)
            except requests.ConnectionError:
                if path != "/health":
                    raise
                answer = requests.Response()
                answer.status_code = 503
                return answer


def told(html: str) -> str:
    """What a page says went wrong, or was done."""
    found = re.findall(r'<p class="(?:error|done|notice)[^"]*"[^>]*>(.*?)</p>', html, re.S)
    return " | ".join(re.sub(r"<[^>]+>|\s+", " ", f).strip() for f in found)
