"""Pictures of the studio's pages in their main states: what is drawn where, and whether all of it can be read.

Those of all states are kept for looking at with `pytest --basetemp=DIR tests/test_studio_pictures.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.midi_files import midi_file
from tests.studio_browser import READY, TWO_FRAMES, VIEWPORT, Context, Tab
from tests.studio_server import StudioServer

STATES = (
    *("empty", "playing", "marked", "takes", "dark", "narrow", "narrow mixer"),
    *("blind", "learn", "dark blind", "dark learn", "narrow blind", "narrow learn"),
)
COMPARED = ("playing", "marked", "takes", "dark", "narrow")
"""States in which pixels are looked at, too."""

NARROW = {"width": 390, "height": 800}
LEAST_CONTRAST = 4.5
"""Of text, as WCAG 2.2 AA demands."""

LAYOUT = """() => {
  const { rolls } = studio;
  const box = rolls.canvas.getBoundingClientRect();
  const bar = (number) => box.left + rolls.x(rolls.timeline.barStart(number));
  return {
    left: box.left, top: box.top + 62, height: rolls.laneHeight, bars: [bar(4), bar(6)],
    playhead: document.getElementById('playhead').getBoundingClientRect().left,
    colours: rolls.song.lanes.map((lane) => lane.colour),
    takes: [...document.querySelectorAll('#takes canvas')].map((each) => {
      const { left, top, width, height } = each.getBoundingClientRect();
      return [left, top, width, height];
    }),
  };
}"""

FAULTS = """(least) => {
  const faults = [];
  const seen = (each) => each.checkVisibility() && !each.closest('[aria-hidden=true], canvas, option');
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const linear = (value) => (value <= 0.04 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = parse(colour).map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (each) => {
    for (let node = each; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (parse(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const name = (each) => `${each.id || each.className || each.tagName} “${each.textContent.slice(0, 30)}”`;
  const controls = [...document.querySelectorAll('button, select, input, a, output')].filter(seen);
  const boxes = controls.map((each) => each.getBoundingClientRect());
  const scrolls = (each) => each.closest('.wide, .drawer');
  controls.forEach((each, i) => {
    if (scrolls(each)) return;
    if (boxes[i].left < 0 || boxes[i].right > innerWidth + 0.5) faults.push(`${name(each)} is outside of the window`);
    if (each.tagName === 'BUTTON' && each.scrollWidth > each.clientWidth + 1) faults.push(`${name(each)} is cut off`);
    controls.slice(i + 1).forEach((other, j) => {
      const [a, b] = [boxes[i], boxes[i + 1 + j]];
      const apart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
      const moves = each.closest('#top') !== other.closest('#top'); // it stays while the rest scrolls
      if (!apart && !moves && !scrolls(other)) faults.push(`${name(each)} lies on ${name(other)}`);
    });
  });
  for (const each of [...document.querySelectorAll('body *')].filter(seen)) {
    const has = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!has || each.disabled || each.closest(':disabled')) continue;
    const [one, other] = [light(getComputedStyle(each).color), light(background(each))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < least) faults.push(`${name(each)} has a contrast of ${contrast.toFixed(1)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('the page is wider than the window');
  return faults;
}"""


@dataclass(frozen=True)
class Picture:
    """Where things lie by the page's own account, and what cannot be read."""

    path: Path
    layout: dict[str, Any]
    faults: list[str]

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """(height, width, 3)"""
        return np.asarray(Image.open(self.path).convert("RGB"))

    def lane(self, number: int, columns: tuple[float, float]) -> NDArray[np.int64]:
        """The pixels of a lane between two columns of the window."""
        top = round(self.layout["top"] + number * self.layout["height"])
        rows = slice(top + 3, top + int(self.layout["height"]) - 3)
        return self.pixels[rows, round(columns[0]) : round(columns[1])].reshape(-1, 3).astype(np.int64)


def near(pixels: NDArray[np.int64], colour: str, distance: int = 60) -> int:
    """How many pixels have nearly this colour."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((np.abs(pixels - wanted).sum(-1) < distance).sum())


SIZES = """() => performance.getEntries()
  .filter((entry) => entry.decodedBodySize && !entry.name.includes('/api/')).map((entry) => entry.decodedBodySize)"""


class Camera:
    def __init__(self, page: Any, folder: Path, keeps_all: bool) -> None:
        self.page = page
        self.folder = folder
        self.keeps_all = keeps_all
        self.pictures: dict[str, Picture] = {}
        self.sizes: list[int] = []
        """Bytes of the files that the page loaded."""

    def take(self, state: str, song: bool = True) -> None:
        path = self.folder / f"{state}.png"
        self.page.evaluate(TWO_FRAMES)
        layout = self.page.evaluate(LAYOUT) if song else {}
        if self.keeps_all or state in COMPARED:
            self.page.screenshot(path=path)
        self.pictures[state] = Picture(path, layout, self.page.evaluate(FAULTS, LEAST_CONTRAST))


@pytest.fixture(scope="module")
def empty_studio(shared_studio: StudioServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """The one that tests share while it has no songs, as it has when these tests come first, else one of its own."""
    if not shared_studio.get("/api/state").json["takes"]:
        yield shared_studio
        return
    server = StudioServer(tmp_path_factory.mktemp("studio") / "songs")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def camera(
    context: Context,
    empty_studio: StudioServer,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Camera:
    """With pictures of a studio that began without songs."""
    folder = tmp_path_factory.mktemp("pictures")
    tab = context.open(empty_studio, "", READY, first=True)
    tab.page.emulate_media(reduced_motion="reduce")
    camera = Camera(tab.page, folder, keeps_all=bool(request.config.getoption("basetemp")))
    camera.sizes = camera.page.evaluate(SIZES)
    camera.take("empty", song=False)
    take_pictures(tab, camera, midi_file(folder / "song.mid", beats=64))
    tab.page.emulate_media(reduced_motion="no-preference")
    context.close([tab], well=False)
    assert tab.problems == []
    return camera


@pytest.fixture
def pictures(camera: Camera) -> dict[str, Picture]:
    return camera.pictures


def take_pictures(tab: Tab, camera: Camera, song: Path) -> None:
    page = tab.page
    tab.open_file(song)
    page.wait_for_selector("#undo:disabled")  # there is nothing before the first take
    page.click("#play")
    tab.until("() => studio.player.position() > 1")
    page.click("#play")  # so that the playhead is where it was when its place was asked
    camera.take("playing")
    page.get_by_role("button", name="Lock: stays note for note: piano").click()
    page.get_by_role("button", name="Mute: guitar").click()
    tab.drag_bars((4, 5), (0, 2))
    camera.take("marked")
    tab.press("Escape")
    tab.next_take(lambda: tab.server.write(verb="new", bars=4, count=4, seed=1))
    page.wait_for_selector("#takes .take >> nth=3")
    camera.take("takes")
    page.emulate_media(color_scheme="dark")
    camera.take("dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    camera.take("narrow")
    page.click("#unfold")
    camera.take("narrow mixer")
    page.click("#unfold")
    for name in ("blind", "learn"):
        page.goto(f"{tab.server.url}{name}")
        tab.until(f"() => window.{name}")
        camera.take(f"narrow {name}", song=False)
        page.set_viewport_size(VIEWPORT)
        camera.take(name, song=False)
        page.emulate_media(color_scheme="dark")
        camera.take(f"dark {name}", song=False)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(NARROW)


def test_the_page_loads_little(camera: Camera) -> None:
    assert len(camera.sizes) < 40
    assert 50_000 < sum(camera.sizes) < 130_000


@pytest.mark.parametrize("state", STATES)
def test_text_has_contrast_and_no_control_is_cut_off_or_covered(pictures: dict[str, Picture], state: str) -> None:
    assert pictures[state].faults == []


def test_notes_are_drawn_in_the_colours_of_their_instruments(pictures: dict[str, Picture]) -> None:
    picture = pictures["playing"]
    for lane, colour in enumerate(picture.layout["colours"]):
        counts = [
            near(picture.lane(lane, (picture.layout["left"], 1280)), other) for other in picture.layout["colours"]
        ]
        plays = lane != 3  # there are no strings
        assert (counts[lane] > 200) == plays and counts[lane] == max(counts), (lane, colour, counts)


def test_the_playhead_stands_where_the_song_is(pictures: dict[str, Picture]) -> None:
    picture = pictures["playing"]
    at = picture.layout["playhead"]
    assert at > picture.layout["left"] + 20
    assert near(picture.lane(0, (at, at + 2)), "#c2260c") > 50
    assert near(picture.lane(0, (at + 4, at + 400)), "#c2260c") == 0


def test_marked_bars_are_tinted_a_locked_one_less_and_a_muted_instrument_is_faint(pictures: dict[str, Picture]) -> None:
    marked, playing = pictures["marked"], pictures["playing"]
    inside = marked.layout["bars"]
    change = [float(np.abs(marked.lane(lane, inside) - playing.lane(lane, inside)).sum(-1).mean()) for lane in range(5)]
    assert change[1] > 60 and change[2] > 60
    assert 5 < change[0] < change[2] / 2, "the locked piano"
    assert change[3] == change[4] == 0
    outside = (inside[1] + 10, 1270)
    guitar, bass = (
        [near(each.lane(lane, outside), each.layout["colours"][lane]) for each in (playing, marked)] for lane in (1, 2)
    )
    assert guitar[1] == 0 < guitar[0]
    assert bass[1] == bass[0] > 0


@pytest.mark.parametrize("state", ["takes", "dark", "narrow"])
def test_each_of_four_takes_has_a_picture_of_its_own(pictures: dict[str, Picture], state: str) -> None:
    picture = pictures[state]
    boxes = [[round(value) for value in box] for box in picture.layout["takes"]]
    drawn = [picture.pixels[top : top + height, left : left + width] for left, top, width, height in boxes]
    assert len({each.tobytes() for each in drawn}) == 4
    for each in drawn:
        background = np.median(each.reshape(-1, 3), 0)
        assert (np.abs(each - background).sum(-1) > 60).mean() > 0.01


def test_a_dark_page_is_dark_and_its_notes_are_light(pictures: dict[str, Picture]) -> None:
    light, dark = pictures["takes"].pixels.mean(), pictures["dark"].pixels.mean()
    assert light > 200 and dark < 60
    picture = pictures["dark"]
    for lane in range(5):
        pixels = picture.lane(lane, (picture.layout["left"], 1280))
        if near(pictures["takes"].lane(lane, (picture.layout["left"], 1280)), picture.layout["colours"][lane]) > 100:
            assert (pixels.max(-1) > 110).sum() > 100, lane
