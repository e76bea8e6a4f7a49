"""Who plays what."""

import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5, LPD17, find_band


@pytest.mark.parametrize(
    ("program", "chair"),
    [
        *((0, "piano"), (7, "piano"), (24, "guitar"), (31, "guitar"), (32, "bass"), (39, "bass")),
        *((48, "strings"), (16, "strings"), (56, "strings"), (80, "strings"), (104, "strings")),
    ],
)
def test_general_midi_programs_find_their_chair(program: int, chair: str) -> None:
    assert LPD5.instrument_for(program, is_drum=False) == LPD5.index(chair)


@pytest.mark.parametrize("program", [96, 103, 112, 119, 120, 127])
def test_effects_do_not_play(program: int) -> None:
    assert LPD5.instrument_for(program, is_drum=False) is None


def test_drums_play_drums_whatever_their_program() -> None:
    assert LPD5.instrument_for(48, is_drum=True) == LPD5.index("drums")


def test_seventeen_families_cover_all_programs() -> None:
    assert len(LPD17) == 17
    assert [LPD17.instrument_for(8 * i, is_drum=False) for i in range(16)] == list(range(16))


def test_an_unknown_band_names_the_nearest() -> None:
    with pytest.raises(SettingInvalid) as wrong:
        find_band("lpd15")
    assert "lpd5" in wrong.value.hint or "lpd17" in wrong.value.hint


def test_an_unknown_instrument_names_the_nearest() -> None:
    with pytest.raises(SettingInvalid, match="no instrument 'gitar'") as wrong:
        LPD5.index("gitar")
    assert "guitar" in wrong.value.hint
