"""Options that are repeated add up, or are refused."""

from pathlib import Path

from tests.conftest import Vaemusic


def test_repeated_names_and_numbers_add_up(vaemusic: Vaemusic, midi: Path, tmp_path: Path) -> None:
    refused = vaemusic("vary", midi, "--program", "guitar=30", "--program", "bass=333", "-o", tmp_path / "a.mid")
    assert "The program of the bass cannot be 333" in refused.err
    refused = vaemusic("vary", midi, "--program", "guitar=333", "--program", "bass=33", "-o", tmp_path / "a.mid")
    assert "The program of the guitar cannot be 333" in refused.err
    silent = vaemusic("vary", midi, "--mute", "piano,guitar", "--mute", "bass,strings,drums", "-o", tmp_path / "a.mid")
    assert "All instruments are muted" in silent.err


def test_two_numbers_for_one_name_and_two_values_for_one_option_are_refused(
    vaemusic: Vaemusic, midi: Path, tmp_path: Path
) -> None:
    twice = vaemusic("vary", midi, "--program", "guitar=30", "--program", "guitar=31", "-o", tmp_path / "a.mid")
    assert twice.status != 0
    assert "'guitar' is given 30 and 31" in " ".join(twice.err.split())
    keys = vaemusic("vary", midi, "--key", "A minor", "--key", "C", "-o", tmp_path / "a.mid")
    assert keys.status == 1
    assert "--key is given more than once" in keys.err
    assert "give it once" in keys.err
    assert not (tmp_path / "a.mid").exists()
