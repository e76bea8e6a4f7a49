"""How soon a new song is heard in the studio after a click: python -m tests.bench.studio_sound

The first click of each round comes as soon as the page is there, while the band is still being loaded; the second one
when the first song is written. Linux only, as the processor's time is read from /proc.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.studio_browser import READY, launch_chromium
from tests.studio_server import StudioServer

CLICK_TO_SOUND = """() => new Promise((done) => {
  const began = performance.now();
  const heard = () => done((performance.now() - began) / 1000);
  const listen = () => (studio.player.level() > 0.005 ? heard() : setTimeout(listen, 5));
  document.getElementById('new').click();
  listen();
})"""
"""Seconds until the loudspeaker is given samples that are not silence."""


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="starts of the studio; the first may compile the loops")
    rounds = parser.parse_args().rounds
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        assert browser is not None, "There is no Chromium: python -m playwright install chromium"
        for _ in range(rounds):
            print(", ".join(one_round(browser)))
        browser.close()


def one_round(browser: Any) -> list[str]:
    page, began = browser.new_page(viewport={"width": 1280, "height": 720}), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        server = StudioServer(Path(folder) / "songs")
        try:
            page.goto(server.url)
            page.wait_for_function("() => window.studio?.state()", polling=20)
            facts = [f"page after {time.monotonic() - began:.2f} s"]
            for click in ("first click", "second click"):
                before = cpu_seconds(server.process.pid)
                heard = page.evaluate(CLICK_TO_SOUND)
                used = cpu_seconds(server.process.pid) - before
                facts.append(f"{click} to sound {heard:.2f} s, {used:.2f} s of the processors")
                page.wait_for_function(READY, polling=50)
                page.evaluate("() => studio.player.pause()")
                page.wait_for_function("() => studio.player.level() < 0.001", polling=50)
        finally:
            page.close()
            server.kill()
    return facts


def cpu_seconds(pid: int) -> float:
    """Of a process and all that it has started and that still run."""
    parents, ticks = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            parents[int(entry.name)], ticks[int(entry.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    own, size = {pid}, 0
    while size < len(own):
        size, own = len(own), own | {each for each, parent in parents.items() if parent in own}
    return sum(ticks.get(each, 0) for each in own) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
