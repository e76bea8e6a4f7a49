"""Bands are listed, and checked with the programs that each instrument takes."""

from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.stages.band import list_bands, program_ranges


def test_without_a_workspace_there_are_the_built_in_bands() -> None:
    assert [(line.band.name, line.source) for line in list_bands(None)[0]] == [
        ("lpd5", "built in"),
        ("lpd17", "built in"),
    ]


def test_programs_are_shown_in_runs_with_those_that_no_instrument_names() -> None:
    texts = {one.name: program_ranges(LPD5, one) for one in LPD5}
    assert (texts["piano"], texts["strings"], texts["drums"]) == ("0–7", "all others", "all of channel 10")
    assert program_ranges(LPD17, LPD17.instruments[15]) == "120–127"
