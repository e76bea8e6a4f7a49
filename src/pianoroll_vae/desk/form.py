"""Song forms such as AABA: sections that return, each time varied a little."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.notes import Notes

RETURN_NOISE = 0.3
"""Noise of a section that returns, as a share of the noise it was generated with."""

MAX_SECTIONS = 64


def parse_form(text: str) -> tuple[int, ...]:
    """'AABA' as (0, 0, 1, 0): sections numbered in the order in which they first appear."""
    letters = [letter for letter in text.upper() if letter not in " -"]
    if not 1 <= len(letters) <= MAX_SECTIONS or not all(letter.isalpha() for letter in letters):
        raise SettingInvalid(
            f"The form cannot be '{text}'.", f"Write one letter a section, at most {MAX_SECTIONS}: --form AABA."
        )
    order = list(dict.fromkeys(letters))
    return tuple(order.index(letter) for letter in letters)


def apply_form(
    ensemble: Ensemble, notes: Notes, phrases: int, form: tuple[int, ...], noise: NDArray[np.float32], seed: int
) -> Notes:
    """The sections, `phrases` phrases of notes one after the other, put into `form`; one that returns is varied.

    noise: (instruments,), the noise the sections were generated with.
    """
    length = phrases // (max(form) + 1) * ensemble.phrase_steps
    sections = []
    for position, section in enumerate(form):
        part = notes.between(section * length, (section + 1) * length)
        if section in form[:position]:
            part = ensemble.vary_notes(part, length, RETURN_NOISE * noise, [seed, position])
        sections.append(part.shifted(position * length))
    return Notes.concatenate(sections)
