"""Sections that return: AABA, each return a little different from the first time. Knows nothing of files."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.notes import Notes

RETURN_NOISE = 0.3
"""How far a section strays when it returns, as a share of the noise it was played with."""

MAX_SECTIONS = 64


def parse_form(text: str) -> tuple[int, ...]:
    """'AABA' as (0, 0, 1, 0): sections numbered in the order in which they first appear."""
    letters = [letter for letter in text.upper() if letter not in " -"]
    if not 1 <= len(letters) <= MAX_SECTIONS or not all(letter.isalpha() for letter in letters):
        raise SettingInvalid(f"There is no form '{text}'.", "Write a letter for each section: --form AABA.")
    order = list(dict.fromkeys(letters))
    return tuple(order.index(letter) for letter in letters)


def apply_form(
    ensemble: Ensemble, notes: Notes, phrases: int, form: tuple[int, ...], noise: NDArray[np.float32], seed: int
) -> Notes:
    """The sections played one after the other, `phrases` phrases of notes, put into their form; the first time each is
    as it was played."""
    length = phrases // (max(form) + 1) * ensemble.phrase_steps
    sections = []
    for place, section in enumerate(form):
        played = notes.between(section * length, (section + 1) * length)
        if section in form[:place]:
            played = ensemble.vary_notes(played, length, RETURN_NOISE * noise, [seed, place])
        sections.append(played.shifted(place * length))
    return Notes.concatenate(sections)
