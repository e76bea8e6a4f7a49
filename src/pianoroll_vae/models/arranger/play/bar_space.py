"""The latent space of a band's bar VAE: songs are encoded, reconstructed, mixed and changed as bars."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.bar_vae import BarVae, Index
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.latent_changes import LatentChange, add_noise
from pianoroll_vae.models.arranger.play.latent_song import Cells, LatentSong, count_notes, decode_song
from pianoroll_vae.models.arranger.play.mixing import blend_latents, mix_songs
from pianoroll_vae.models.arranger.play.song_pitches import SongPitches
from pianoroll_vae.models.ensemble import Latents
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.meter import FOUR_FOUR, Meter

NOTE_PREFERENCE = 3.0
"""Added to the onset logits of a song's own notes where an attribute is changed, so that most of them stay."""


@dataclass(frozen=True)
class BarSpace:
    """Methods that change a song take `fixed` (bars, instruments), the bars that stay, and `steps`, where the song ends
    if it does before its last bar."""

    vae: BarVae
    drums: NDArray[np.bool_]
    """(instruments,)"""

    @property
    def latent_size(self) -> int:
        """Of `encode`."""
        return 1 + self.vae.sizes.latent_size

    def encode(self, song: Bars) -> Latents:
        """(bars, instruments, 1 + latent_size): 1 or -1, whether the instrument begins a note, and its latent, of the
        song in its own key."""
        encoded = LatentSong.encode(self.vae, song, self.drums, keep_key=True)
        plays = np.where(encoded.plays, 1, -1)[..., None]
        return np.concatenate([plays, encoded.latents], -1).astype(np.float32)

    def decode(self, latents: Latents, instruments: NDArray[np.bool_] | None = None) -> Bars:
        """The inverse of `encode`, in bars of 4/4. instruments: (instruments,), those that play; None: all."""
        no_shift = np.zeros(len(latents), np.int64)
        plays = (latents[..., 0] > 0) & (True if instruments is None else instruments)
        return decode_song(self.vae, latents[..., 1:], plays, no_shift, self.drums)

    def reconstruct(self, song: Bars) -> Bars:
        """In C major or A minor, where the bar VAE is at its best."""
        own = self._latents(song)
        semitones = np.full(len(song), own.semitones)
        return decode_song(self.vae, own.latents, own.plays, semitones, self.drums, song.lines)

    def mix(
        self,
        songs: Sequence[Bars],
        phrases: Index,
        weights: NDArray[np.float64],
        linear: bool,
        keep_keys: bool,
        meter: Meter = FOUR_FOUR,
    ) -> Bars:
        """See `mixing.mix_songs`."""
        return mix_songs(self.vae, songs, phrases, weights, self.drums, linear, keep_keys, meter)

    def vary(
        self,
        song: Bars,
        noise: NDArray[np.float32],
        rng: np.random.Generator,
        fixed: NDArray[np.bool_],
        steps: int | None = None,
    ) -> Bars:
        """With `noise` (instruments,) added to the latents; equal bars stay equal."""
        before, source = self._latents(song), _by_bar(song, song.source)
        after = replace(before, latents=add_noise(before, source, noise, rng))
        counts = _by_bar(song, np.diff(song.first))
        change = self._change(song, before, after, np.clip(1 - noise, 0, 1), counts)
        pitches = SongPitches.of_song(song, self.drums, before.semitones)
        return replace(change, pitches=pitches, steps=steps).apply(fixed)

    def shift(self, song: Bars, step: Array, fixed: NDArray[np.bool_], steps: int | None = None) -> Bars:
        """With `step` (instruments, latent_size) added to the latents."""
        before = self._latents(song)
        after = replace(before, latents=before.latents + step)
        more = count_notes(self.vae, after) - count_notes(self.vae, before)
        counts = np.maximum(_by_bar(song, np.diff(song.first)) + more, 0)
        change = self._change(song, before, after, np.ones(len(self.drums)), counts, NOTE_PREFERENCE)
        return replace(change, steps=steps).apply(fixed | _same(before, after))

    def blend(self, song: Bars, style: Bars, amount: float, fixed: NDArray[np.bool_], steps: int | None = None) -> Bars:
        """What the style plays in its nearest phrases, in the song's key and near its harmony; what the song repeats
        stays repeated."""
        before = self._latents(song)
        source = _by_bar(song, song.source)
        near = LatentSong.encode(self.vae, style, self.drums, near=before.semitones)
        after, counts = blend_latents(self.vae, before, near, amount, source)
        change = self._change(song, before, after, np.full(len(self.drums), 1 - amount), counts)
        pitches = SongPitches.of_song(song, self.drums, before.semitones).in_any_range()
        return replace(change, pitches=pitches, steps=steps).apply(fixed | _same(before, after))

    def _latents(self, song: Bars) -> LatentSong:
        return LatentSong.encode(self.vae, song, self.drums)

    def _change(
        self,
        song: Bars,
        before: LatentSong,
        after: LatentSong,
        fidelity: NDArray[np.floating],
        counts: Cells,
        preference: float = 0.0,
    ) -> LatentChange:
        share = np.asarray(fidelity, np.float32)
        return LatentChange(self.vae, song, before, after, self.drums, share, counts, preference)


def _same(before: LatentSong, after: LatentSong) -> NDArray[np.bool_]:
    """(bars, instruments): where nothing changes."""
    return np.asarray((before.latents == after.latents).all(-1) & (before.plays == after.plays))


def _by_bar(song: Bars, cells: NDArray[np.integer]) -> NDArray[np.int64]:
    """(cells,) to (bars, instruments)."""
    return np.asarray(cells, np.int64).reshape(len(song), song.instruments)
