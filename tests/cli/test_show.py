import json
from pathlib import Path

from tests.conftest import Vaemusic


def test_show_draws_plain_text_into_a_pipe(vaemusic: Vaemusic, midi: Path) -> None:
    done = vaemusic("show", midi, "--bars", "2-3")
    assert done.status == 0
    assert "\x1b" not in done.out
    assert "█" in done.out or "▀" in done.out
    assert "2 bars, 0:04 min, 120 BPM" in done.out
    assert done.out.splitlines()[2].split() == ["2", "3"], (
        "bars keep their numbers, which --bars of other commands take"
    )


def test_show_counts_for_scripts(vaemusic: Vaemusic, midi: Path) -> None:
    counted = json.loads(vaemusic("show", midi, "--json").out)
    assert (counted["bars"], counted["tempo"]) == (8, 120)
    assert counted["instruments"][2]["notes"] == 32


def test_bars_that_are_no_bars_are_wrong_usage(vaemusic: Vaemusic, midi: Path) -> None:
    done = vaemusic("show", midi, "--bars", "verse")
    assert done.status == 2
    assert "is not a range" in done.err


def test_a_damaged_song_is_refused_and_salvaged_with_a_notice(vaemusic: Vaemusic, midi: Path) -> None:
    midi.write_bytes(midi.read_bytes()[:-100])
    refused = vaemusic("show", midi)
    assert refused.status == 1
    assert "breaks off in the middle, in track 6" in refused.err
    assert "--salvage" in refused.err
    salvaged = vaemusic("show", midi, "--salvage")
    assert salvaged.status == 0
    assert salvaged.err.startswith("· ") and "in track 6: " in salvaged.err
