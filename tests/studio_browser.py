"""A real browser with tabs of the studio; tests that need one are skipped where there is none."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.studio_server import PATIENCE_SECONDS, StudioServer

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
MILLISECONDS = PATIENCE_SECONDS * 1000
SOON_SECONDS = 30.0
"""In which a text changes, also where much else is running."""

READY = """() => {
  const state = window.studio && studio.state();
  return state && !studio.isBusy() && (state.current === null || studio.rolls.song?.take === state.current);
}"""
"""Whether the page shows the current take, and something else can be written."""

UNUSED = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "SpareRendererForSitePerProcess"),
    *("AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync"),
    *("DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay"),
    *("MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch"),
    "ThirdPartyStoragePartitioning",
)
"""Features of Chromium that the tests do without: the pages below the field of the address, which take longer to load
in each new window than the studio, processes for pages to come, and all that Playwright turns off, as of two lists
Chromium reads the second."""

VIEWPORT = {"width": 1280, "height": 720}

UNTOUCHED = """() => {
  const { player, rolls, commands } = studio;
  const $ = (id) => document.getElementById(id);
  const isPressed = (id) => $(id).getAttribute('aria-pressed') === 'true';
  player.pause();
  document.activeElement?.blur();
  document.querySelectorAll('.drawer:not([hidden]) .close').forEach((button) => button.click());
  if (isPressed('loop')) commands.toggleLoop();
  if (!isPressed('follow')) commands.toggleFollow();
  if (isPressed('draw')) commands.toggleDrawing();
  if (isPressed('mark-more')) commands.markMore();
  commands.escape();
  $('new-song').reset();
  for (const select of document.querySelectorAll('.density')) {
    select.value = '';
    select.dispatchEvent(new Event('change'));
  }
  for (const input of [$('noise'), $('amount'), $('more')]) {
    input.value = input.defaultValue;
    input.dispatchEvent(new Event('input'));
  }
  Object.assign(rolls, { cursor: 0, selected: -1, pixelsPerBeat: 22 });
  rolls.resize();
  rolls.scroller.scrollLeft = 0;
  $('view').scrollTop = $('editor').scrollTop = 0;
  $('status').textContent = '';
  player.seek(0);
}"""
"""Puts a page of the studio back as one that was just loaded: silent, with nothing marked, open or filled in."""

SILENT = "() => studio.player.position() === 0 && !studio.player.playing && studio.player.level() < 0.001"

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""After the first the page has laid out and drawn what has changed."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install -e '.[dev]'")
    with api.sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        if browser is None:
            pytest.skip("There is no Chromium: python -m playwright install chromium")
        yield browser
        browser.close()


def launch_chromium(playwright: Any) -> Any | None:
    """Playwright's own browser, or that of the machine; None where there is none."""
    own = Path(playwright.chromium.executable_path)
    program = str(own) if own.is_file() else next(filter(None, map(shutil.which, PROGRAMS)), None)
    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", f"--disable-features={','.join(UNUSED)}"]
    return playwright.chromium.launch(executable_path=program, args=arguments) if program else None


@dataclass
class Tab:
    """A tab with the studio, which notes what goes wrong in it and what it asks of whom."""

    page: Any
    server: StudioServer
    path: str = ""
    ready: str = READY
    loaded: bool = False
    """Whether the page shows the studio already."""

    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for event, listener in self._listeners.items():
            self.page.on(event, listener)
        self.page.set_default_timeout(MILLISECONDS)
        if self.loaded:
            self.page.evaluate(UNTOUCHED)
            self.until(SILENT)
        else:
            self.page.goto(self.server.url + self.path)
        self.settle()

    @cached_property
    def _listeners(self) -> dict[str, Callable[[Any], None]]:
        return {
            "console": self._note,
            "pageerror": lambda error: self.problems.append(str(error)),
            "request": lambda request: self.requests.append(request.url),
        }

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning") and "the server responded with a status of 4" not in message.text:
            self.problems.append(message.text)

    def leave(self) -> None:
        """The tab stays open, in a window as it was before."""
        if not self.page.is_closed():
            self.page.set_viewport_size(VIEWPORT)
            self.page.emulate_media(color_scheme="light")
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)

    def until(self, condition: str, argument: object = None, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a function of the page is true; the page's policy forbids texts."""
        self.page.wait_for_function(condition, arg=argument, timeout=seconds * 1000, polling=50)

    def settle(self) -> None:
        """Wait until the page is ready, and everything lies where it stays."""
        self.until(self.ready)
        self.page.evaluate(TWO_FRAMES)

    def until_take(self, number: int) -> None:
        self.until("(take) => window.studio?.rolls.song?.take === take", number)

    def until_text(self, element: str, text: str) -> None:
        """Wait until an element's text is this one; a failure names the text that it has."""
        end = time.monotonic() + SOON_SECONDS
        while self.text(element) != text and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        assert self.text(element) == text

    @property
    def take(self) -> int:
        return int(self.page.evaluate("() => studio.rolls.song.take"))

    def next_take(self, act: Callable[[], object]) -> int:
        """The take that is shown after an act, when something else can be written."""
        before = self.page.evaluate("() => studio.state().current")
        act()
        self.until(f"(take) => studio.state().current !== take && ({READY})()", before)
        self.page.evaluate(TWO_FRAMES)
        return self.take

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Between two points of the rolls."""
        box = self.page.locator("#rolls").bounding_box()
        self.page.mouse.move(box["x"] + start[0], box["y"] + start[1])
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + end[0], box["y"] + end[1])
        self.page.mouse.up()

    def drag_bars(self, bars: tuple[int, int], lanes: tuple[int, int], ruler: bool = False) -> None:
        """Drag from one bar and lane to another, both from 0; ruler: over the numbers of the bars."""
        x = self.page.evaluate("(bars) => bars.map((bar) => studio.rolls.x(studio.rolls.timeline.barStart(bar)))", bars)
        y = self.page.evaluate("(lanes) => lanes.map((lane) => 62 + studio.rolls.laneHeight * (lane + 0.5))", lanes)
        start, end = ((left + 10, 50 if ruler else top) for left, top in zip(x, y, strict=True))
        self.drag(start, end)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def open_file(self, path: Path) -> int:
        return self.next_take(lambda: self.page.set_input_files("#file", path))

    def text(self, element: str) -> str:
        return str(self.page.text_content(element))


OpenTab = Callable[..., Tab]


class Context:
    """The browser's context, whose first tab serves all tests: a new one costs 1.5 s of computing, a page in an old one
    0.6. So the page stays, too, for the next test that wants the same one, unless a test failed with it."""

    def __init__(self, browser: Any) -> None:
        self.pages = browser.new_context(viewport=VIEWPORT)
        self._shown = ""

    def open(self, server: StudioServer, path: str, ready: str, first: bool) -> Tab:
        page = self.pages.pages[0] if self.pages.pages and first else self.pages.new_page()
        address = server.url + path
        tab = Tab(page, server, path, ready, first and not path and address == self._shown)
        if first:
            self._shown = address
        return tab

    def close(self, tabs: list[Tab], well: bool) -> None:
        """All but the first; `well`: its page is as a user would leave it."""
        for tab in tabs:
            tab.leave()
        for page in self.pages.pages[1:]:
            page.close()
        if not well or not tabs or tabs[0].page.is_closed() or self.pages.pages[0].url != self._shown:
            self._shown = ""

    def rest(self) -> None:
        """No page is needed for a while: end its sound, its frames and its requests."""
        for page in self.pages.pages:  # none is left after the last test
            if page.url != "about:blank":
                page.goto("about:blank")
        self._shown = ""


@pytest.fixture(scope="session")
def context(browser: Any) -> Iterator[Context]:
    context = Context(browser)
    yield context
    context.pages.close()


@pytest.fixture
def open_tab(context: Context, studio: StudioServer, request: pytest.FixtureRequest) -> Iterator[OpenTab]:
    """Opens tabs; at the end nothing may have gone wrong in them, and nothing been asked of another machine."""
    tabs: list[Tab] = []

    def open_one(server: StudioServer = studio, path: str = "", ready: str = READY) -> Tab:
        tabs.append(context.open(server, path, ready, first=not tabs))
        return tabs[-1]

    failed = request.session.testsfailed
    yield open_one
    context.close(tabs, well=request.session.testsfailed == failed and not any(tab.problems for tab in tabs))
    for tab in tabs:
        assert tab.problems == []
        home = f"http://127.0.0.1:{tab.server.port}/"
        assert [url for url in tab.requests if not url.startswith((home, f"blob:{home}"))] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """The page that stays does nothing while other tests run."""
    context = item.funcargs.get("context") if isinstance(item, pytest.Function) else None
    yield
    stays = isinstance(nextitem, pytest.Function) and "open_tab" in nextitem.fixturenames
    if isinstance(context, Context) and not stays:
        context.rest()
