"""An operator at the central office's portal: signed in, with the portal's own forms and their tokens."""

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import requests

from tests.lab.centre import Centre


@dataclass
class PortalClient:
    """Signed in as the operator that the centre was set up with, or as `user`; the portal speaks English."""

    centre: Centre
    user: str = ""
    password: str = field(default="", repr=False)
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.headers.update({"Accept-Language": "en", "Referer": self.centre.url})
        self.session.trust_env = False
        self.session.verify = str(self.centre.ca_file)
        answer = self.send("/log-in", "/log-in", user=self.user or self.centre.admin,
                           password=self.password or self.centre.password)  # fmt: skip
        assert answer.status_code == 302, answer.text

    def see(self, path: str) -> str:
        return self._seen(path).text

    def octets(self, path: str) -> bytes:
        return self._seen(path).content

    def _seen(self, path: str) -> requests.Response:
        answer = self._request("GET", path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer

    def send(self, path: str, page: str = "", **values: str) -> requests.Response:
        """A form of `page` (of `path` itself where none is named), with its token; the answer, not followed."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.see(page or path))
        assert token
        return self._request("POST", path, {"csrf": token[1], **values})

    def upload(self, path: str, page: str, file: bytes, **values: str) -> requests.Response:
        """As send(), with a file in the form's field `file`."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.see(page))
        assert token
        return self._request("POST", path, {"csrf": token[1], **values}, {"file": ("saludo.wav", file)})

    def _request(
        self,
        method: str,
        path: str,
        values: dict[str, str] | None = None,
        files: dict[str, tuple[str, bytes]] | None = None,
    ) -> requests.Response:
        place = self.centre.place
        inside: AbstractContextManager[None] = place.inside() if place else nullcontext()
        with inside:
            url = self.centre.url + path
            return self.session.request(method, url, data=values, files=files, timeout=15, allow_redirects=False)


def told(html: str) -> str:
    """What a page says is wrong with a form."""
    found = re.findall(r'<p class="error"[^>]*>(.*?)</p>', html, re.S)
    return " | ".join(re.sub(r"<[^>]+>|\s+", " ", f).strip() for f in found)
