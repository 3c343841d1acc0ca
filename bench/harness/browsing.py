"""Signs in with the link that `make run` prints."""

from __future__ import annotations

import http.client
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from bench.harness.tocsin import Tocsin

FIELD = re.compile(r'name="csrfmiddlewaretoken"\s+value="([^"]+)"')


def sign_in(tocsin: Tocsin) -> str:
    """Use the printed one-time link; returns the Cookie header of the session.

    Raises RuntimeError if refused.
    """
    cookies: SimpleCookie = SimpleCookie()
    status, page = _ask(tocsin, "GET", cookies)
    if status == 200 and (field := FIELD.search(page)):  # a page that asks for confirmation
        status, page = _ask(tocsin, "POST", cookies, {"csrfmiddlewaretoken": field[1]})
    if status not in (302, 303):
        raise RuntimeError(f"the sign-in link returned {status}: {page[:300]}")
    return _header(cookies)


def _ask(
    tocsin: Tocsin, method: str, cookies: SimpleCookie, form: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", tocsin.port, timeout=30)
    headers = {"Cookie": _header(cookies), "Referer": tocsin.base}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, tocsin.sign_in, urlencode(form or {}), headers)
    response = connection.getresponse()
    for value in response.headers.get_all("Set-Cookie") or []:
        cookies.load(value)
    return response.status, response.read().decode(errors="replace")


def _header(cookies: SimpleCookie) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
