"""The names of programs are those of General MIDI, everywhere."""

import re
from pathlib import Path

import pretty_midi

import pianoroll_vae
from pianoroll_vae.music.program_names import PROGRAM_NAMES


def test_each_program_has_the_name_that_others_give_it() -> None:
    assert len(PROGRAM_NAMES) == len(set(PROGRAM_NAMES)) == 128
    for program in (0, 25, 30, 33, 40, 56, 73, 105, 127):
        assert PROGRAM_NAMES[program] == pretty_midi.program_to_instrument_name(program)


def test_the_page_of_the_studio_has_the_same_names() -> None:
    page = Path(pianoroll_vae.__file__).parent / "studio" / "static" / "programs.js"
    assert tuple(re.findall('"([^"]+)"', page.read_text("utf-8"))) == PROGRAM_NAMES
