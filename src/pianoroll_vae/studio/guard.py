"""Refuses requests that are not from the studio's own page or a program of this machine, and limits those that are.

Any web page that is open in the same browser can send requests to 127.0.0.1. So the Host header must name the studio,
which stops pages whose name was pointed at this machine, and the Origin header, which browsers send with all requests
that change something, must be the studio's.
"""

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "vaemusic-studio"
MAX_BODY_BYTES = 8 * 2**20
"""Bytes of a request; the MIDI reader takes no larger file."""

HEADERS = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """ASGI middleware. hosts: the values of the Host header that are let in; token: what requests must bring, or ""."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], token: str = "") -> None:
        self.app = app
        self.hosts = hosts
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        answer = _with_headers(send)
        headers = Headers(scope=scope)
        if refusal := self._refusal(scope, headers):
            await refusal(scope, receive, answer)
            return
        if self.token and not self._knows_token(headers):
            if not self._has_token_in_address(scope):
                await _error(401, "The token is missing.", "Open the address that vaemusic studio printed.")(
                    scope, receive, answer
                )
                return
            response = RedirectResponse("/", 303)
            response.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
            await response(scope, receive, answer)
            return
        await self.app(scope, _limited(receive), answer)

    def _refusal(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        if headers.getlist("host") not in [[host] for host in self.hosts]:
            return _error(421, "The request is for another host.", "Open the address that vaemusic studio printed.")
        origin = headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self.hosts:
            return _error(403, "The request comes from another page.", "Open the studio's own page.")
        foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if foreign and (scope["path"], scope["method"]) != ("/", "GET"):  # a link to the page may stand anywhere
            return _error(403, "The request comes from another page.", "Open the studio's own page.")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:20]) > MAX_BODY_BYTES:
            return _error(413, f"A request has at most {MAX_BODY_BYTES // 2**20} MB.", "That is no song: leave it out.")
        return None

    def _knows_token(self, headers: Headers) -> bool:
        given = headers.get("authorization", "").removeprefix("Bearer ")
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            cookie = None
        return any(
            hmac.compare_digest(text.encode(), self.token.encode()) for text in (given, cookie.value if cookie else "")
        )

    def _has_token_in_address(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        page = scope["path"] == "/" and scope["method"] == "GET"
        return page and hmac.compare_digest(given.encode(), self.token.encode())


class BodyTooLarge(Exception):
    """A body without a length grew beyond the limit."""


def _limited(receive: Receive) -> Receive:
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-cache")
        await send(message)

    return answer


def _error(status: int, message: str, hint: str) -> JSONResponse:
    return JSONResponse({"error": message, "hint": hint}, status)
