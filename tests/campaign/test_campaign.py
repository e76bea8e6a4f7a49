"""A small draw of the campaign: a trial or two of each part."""

import json
from pathlib import Path

from tests.training_process import run_campaign

NEED_MORE = ("other readers", "guided inputs")
"""Parts that need a folder of MIDI files, or atheris."""


def test_a_small_draw_of_the_campaign_finds_nothing(tmp_path: Path) -> None:
    report, shown = tmp_path / "report.json", tmp_path / "shown.txt"
    status = run_campaign(("--trials", "2", "--report", str(report)), shown)
    assert status == 0, shown.read_text()
    parts = json.loads(report.read_text())["parts"]
    assert all(part["trials"] >= 2 for name, part in parts.items() if name not in NEED_MORE)
