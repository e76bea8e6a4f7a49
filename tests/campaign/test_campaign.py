"""A small draw of the campaign: a trial or two of each part."""

import json
import os
import subprocess
import sys
from pathlib import Path

NEED_MORE = ("other readers", "guided inputs")
"""Parts that need a folder of MIDI files, or atheris."""


def test_a_small_draw_of_the_campaign_finds_nothing(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaign", "--trials", "2", "--report", str(report)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    parts = json.loads(report.read_text())["parts"]
    assert all(part["trials"] >= 2 for name, part in parts.items() if name not in NEED_MORE)
