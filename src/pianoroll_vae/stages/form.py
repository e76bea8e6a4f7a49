"""Sections that return: AABA, each return a little different from the first time. Knows nothing of files."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.phrases import Phrases
from pianoroll_vae.music.revise import revised

RETURN_NOISE = 0.3
"""How far a section strays when it returns, as a share of the noise it was played with."""

MOST_SECTIONS = 64


def parse_form(text: str) -> tuple[int, ...]:
    """'AABA' as (0, 0, 1, 0): sections numbered in the order in which they first appear."""
    letters = [letter for letter in text.upper() if letter not in " -"]
    if not 1 <= len(letters) <= MOST_SECTIONS or not all(letter.isalpha() for letter in letters):
        raise SettingInvalid(f"There is no form '{text}'.", "Write a letter for each section: --form AABA.")
    order = list(dict.fromkeys(letters))
    return tuple(order.index(letter) for letter in letters)


def arrange(
    ensemble: Ensemble, phrases: Phrases, form: tuple[int, ...], noise: NDArray[np.float32], seed: int
) -> Phrases:
    """The sections played one after the other, in `phrases`, put into their form; the first time as they were played.

    phrases: (sections · n, instruments, phrase_steps, 128); returns (len(form) · n, instruments, phrase_steps, 128).
    """
    length = len(phrases) // (max(form) + 1)
    chance = np.random.default_rng([seed, 1])
    sections = []
    for place, section in enumerate(form):
        played = phrases[section * length : (section + 1) * length]
        sections.append(
            played if section not in form[:place] else varied(ensemble, played, RETURN_NOISE * noise, chance)
        )
    return np.concatenate(sections)


def varied(ensemble: Ensemble, phrases: Phrases, noise: NDArray[np.float32], chance: np.random.Generator) -> Phrases:
    """The phrases with what changes when their latents stray."""
    latents = ensemble.encode(phrases)
    strayed = latents + noise[:, None] * chance.standard_normal(latents.shape, np.float32)
    return revised(phrases, ensemble.decode(latents), ensemble.decode(strayed))
