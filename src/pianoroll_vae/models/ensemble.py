"""What every trained band can do, whatever its recipe: how those who make music with it speak to it."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import Phrases
from pianoroll_vae.music.song import Song

Latents = NDArray[np.float32]
"""(…, instruments, latent_size): what a latent holds is the recipe's own matter."""

OnPhrases = Callable[[int], None]
"""Told how many phrases have been written since."""


class Ensemble(Protocol):
    """A trained band. Phrases are 16 beats; songs come in and notes go out on any grid and on `steps_per_beat`."""

    @property
    def recipe(self) -> Recipe: ...

    @property
    def band(self) -> Band: ...

    @property
    def steps_per_beat(self) -> int: ...

    @property
    def phrase_steps(self) -> int: ...

    @property
    def memory_phrases(self) -> int:
        """How many phrases before the next one are worth hearing."""

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """(instruments,): from which strength a decoded cell sounds, unless asked otherwise."""

    @property
    def trial_phrases(self) -> int:
        """How many phrases it decodes in a few seconds, where something is tried over and over."""

    @property
    def songs_at_once(self) -> int:
        """How many songs to ask for in one go: enough to keep the cores busy, few enough to fit in any memory."""

    def hear(self, song: Song) -> Phrases:
        """(phrases, instruments, phrase_steps, 128): a song of any grid, as `encode` takes it."""

    def encode(self, phrases: Phrases) -> Latents:
        """(phrases, instruments, phrase_steps, 128) to (phrases, instruments, latent_size)."""

    def decode(self, latents: Latents, threshold: ArrayLike | None = None) -> Phrases:
        """(phrases, instruments, latent_size) to velocities (phrases, instruments, phrase_steps, 128)."""

    def decode_notes(self, latents: Latents, threshold: ArrayLike | None = None) -> Notes:
        """The same as notes, from step 0 on: a roll cannot say that a note is struck again as softly as before."""

    def vary(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        """Notes over `steps` steps, a little different; noise: (instruments,), 0 changes nothing."""

    def accompany(
        self,
        song: Song,
        known: Sequence[bool],
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
    ) -> Notes:
        """What everybody plays where the instruments marked in `known` (instruments,) play what they play in `song`."""

    def continue_(
        self,
        primers: Sequence[Song],
        phrases: int,
        noise: ArrayLike,
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seeds: Sequence[int] = (0,),
        on_phrases: OnPhrases = lambda count: None,
    ) -> list[Notes]:
        """What follows each primer, from step 0 on; heard is its end, `memory_phrases` at most.

        seeds: one a song; noise, threshold and temperature: one for all, or one for each instrument.
        """
