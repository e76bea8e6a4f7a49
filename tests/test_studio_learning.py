"""The studio's page that learns from a user's songs, in a real browser."""

from pathlib import Path

from tests.midi_files import midi_file
from tests.studio_browser import OpenTab
from tests.studio_server import StudioServer

GOES_ON = "() => document.getElementById('status').textContent.includes('vae: continues after epoch ')"

LEARNING_SECONDS = 900.0
"""In which an epoch of 3 s ends, also where all other tests run before it: the process that learns lets them."""


def test_songs_to_learn_from_are_chosen_and_left_out_and_the_learning_is_stopped_and_goes_on(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab(studio, "learn", "() => window.learn && window.learn.learning()")
    (tmp_path / "broken.mid").write_bytes(b"no song")
    songs = [midi_file(tmp_path / f"{seed}.mid", beats=32, seed=seed) for seed in range(2)]
    assert tab.page.is_disabled("#learn")
    tab.page.set_input_files("#files", [*songs, tmp_path / "broken.mid"])
    tab.until("() => document.getElementById('status').textContent.includes('1 of 3 files were left out')")
    tab.until_text("#count", "2 songs to learn from.")
    tab.page.wait_for_selector("#learn:enabled")
    tab.page.click("#clear")
    tab.until_text("#count", "No songs yet.")

    tab.page.set_input_files("#files", songs[:1])
    tab.until_text("#count", "1 song to learn from.")
    tab.page.click("#learn")
    tab.until("() => learn.learning().curves.length > 0", seconds=LEARNING_SECONDS)
    tab.page.click("#stop")
    tab.until_text("#status", "Stopped. What was learned is kept.")
    tab.until_text("#learn", "Go on learning")
    first = tab.page.evaluate("() => learn.learning().curves")
    tab.page.click("#learn")
    tab.until(GOES_ON, seconds=LEARNING_SECONDS)
    assert [each for each in tab.page.evaluate("() => learn.learning().curves") if each in first] == first
    tab.page.click("#stop")
    tab.until_text("#status", "Stopped. What was learned is kept.")
    studio.post("/api/learning/clear")
