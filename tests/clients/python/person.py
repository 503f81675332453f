"""Somebody at a browser: follows redirects, fills in forms, and presses their buttons."""

import threading
import webbrowser
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests


# Consents, and proves what is demanded.
AGREEABLE = {"consent": "accept", "step-up": "approve"}


@dataclass
class Form:
    """A form of a page: where it goes, and what it would send if submitted as it is."""

    identifier: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class Page(HTMLParser):
    """The forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert given["method"].lower() == "post"
            self.forms.append(Form(given.get("id", ""), given["action"]))
        elif tag == "input" and given.get("type") == "radio":
            self.forms[-1].choices.setdefault(given["name"], []).append(given["value"])
        elif tag == "input":
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def form(self, identifier: str) -> Form:
        """The one form with this id."""
        [form] = [form for form in self.forms if form.identifier == identifier]
        return form


@dataclass(frozen=True)
class Answer:
    """What the browser was told to bring to the application."""

    method: str
    address: str
    parameters: dict[str, str]


class Person:
    """A person with a browser of their own."""

    def __init__(self, ca_file: str) -> None:
        self._browser = requests.Session()
        self._browser.verify = ca_file
        # Proxies and certificate bundles of the machine are no part of the test.
        self._browser.trust_env = False

    def sign_in(self, address: str, account: str, pressing: dict[str, str] = AGREEABLE) -> Answer:
        """Opens an authorize request, signs in, and returns the answer to the application.

        `pressing` says which button is pressed on each of the pages that ask for more.
        """
        authority = _origin(address)
        response = self._open("GET", address)
        while True:
            if response.is_redirect:
                location = urljoin(response.url, response.headers["location"])
                if _origin(location) != authority:
                    query = parse_qsl(urlsplit(location).query, strict_parsing=True)
                    return Answer("GET", location, dict(query))
                response = self._open("GET", location)
                continue
            page = self._page(response)
            if any(form.identifier == "answer" for form in page.forms):
                form = page.form("answer")
                return Answer("POST", form.action, form.fields)
            asked = [form for form in page.forms if form.identifier in pressing]
            if asked:
                [form] = asked
                button = {"action": pressing[form.identifier]}
                response = self._submit(response, form, button)
                continue
            response = self._choose(response, page.form("sign-in"), account)

    def browses(self, monkeypatch: pytest.MonkeyPatch, account: str) -> None:
        """From now on it is this browser that programs open, and this account that signs in."""

        def browse(address: str, *_) -> bool:
            # MSAL waits for the answer only once its browser has been opened.
            threading.Thread(target=lambda: self.bring(self.sign_in(address, account))).start()
            return True

        monkeypatch.setattr(webbrowser, "open", browse)

    def bring(self, answer: Answer) -> None:
        """Brings an answer to an application that listens for it."""
        sent = {"data": answer.parameters} if answer.method == "POST" else {}
        response = requests.request(answer.method, answer.address, timeout=10, **sent)
        response.raise_for_status()

    def enter_code(self, address: str, user_code: str, account: str) -> None:
        """Approves a device: types the code it shows, then signs in."""
        response = self._open("GET", address)
        form = self._page(response).form("device")
        response = self._submit(response, form, {"user_code": user_code})
        response = self._choose(response, self._page(response).form("sign-in"), account)
        assert "You have signed in" in response.text

    def _choose(self, response: requests.Response, form: Form, account: str) -> requests.Response:
        offered = form.choices["account"]
        # A guest is listed under the name they have at home.
        [chosen] = [name for name in offered if name.split("@")[0] == account.split("@")[0]]
        return self._submit(response, form, {"account": chosen, "action": "sign-in"})

    def _submit(
        self, response: requests.Response, form: Form, filled: dict[str, str]
    ) -> requests.Response:
        return self._open(
            "POST",
            urljoin(response.url, form.action),
            data={**form.fields, **filled},
            headers={"origin": _origin(response.url)},
        )

    def _open(self, method: str, address: str, **sent) -> requests.Response:
        return self._browser.request(method, address, allow_redirects=False, timeout=10, **sent)

    @staticmethod
    def _page(response: requests.Response) -> Page:
        assert response.status_code == 200, response.text
        return Page(response.text)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
