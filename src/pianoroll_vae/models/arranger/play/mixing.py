"""Mixes songs in the latent space of the bar VAE: bar by bar, instrument by instrument, in one key."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.bar_vae import BarVae, Index
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.latent_song import Cells, LatentSong, count_notes, decode_song
from pianoroll_vae.models.arranger.play.mixed_bars import MixedBars
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.key import nearest_octave
from pianoroll_vae.music.meter import FOUR_FOUR, Meter
from pianoroll_vae.music.phrases import PHRASE_BARS

ENTRY_SHARES = (0.7, 0.3)
"""An instrument plays in a mixed bar where songs with so much of the weight play it: the first one of the band and the
last one, the drums, which come in first. So they do not all come in at once."""

REST_DISTANCE = 2.0
"""Between two bars of which one is a rest, beside the mean squared difference of latents."""


def mix_songs(
    vae: BarVae,
    songs: Sequence[Bars],
    phrases: Index,
    weights: NDArray[np.float64],
    drums: NDArray[np.bool_],
    linear: bool = False,
    keep_keys: bool = False,
    meter: Meter = FOUR_FOUR,
) -> Bars:
    """A song of phrases of four bars. phrases: (songs, n), which phrase of each song; weights: (songs, n), adding up to
    1. It is in the key of the song with the largest weight; a bar has as many notes as the songs' on average, and in
    a shorter meter than a song's its last notes fall away."""
    encoded = [LatentSong.encode(vae, song, drums, keep_keys) for song in songs]
    bars = (phrases[:, :, None] * PHRASE_BARS + np.arange(PHRASE_BARS)).reshape(len(songs), -1)
    weight = np.repeat(weights, PHRASE_BARS, 1)
    selected = [song.select_bars(own) for song, own in zip(encoded, bars, strict=True)]
    latents, plays = np.stack([song.latents for song in selected]), np.stack([song.plays for song in selected])
    share = weight[:, :, None] * plays
    total = share.sum(0)
    own = share / np.maximum(total, 1e-12)
    enters = total >= np.linspace(*ENTRY_SHARES, len(drums))
    key_song = weight.argmax(0)
    to_c = np.array([song.semitones for song in encoded])
    apart = (to_c[:, None] - to_c[key_song])[:, :, None] * ~drums
    centres = mix_latents(latents, plays / np.maximum(plays.sum(0), 1), linear)
    mixed = _mixed_bars(latents, own, centres, np.repeat(key_song, len(drums)), apart)
    lines = BarLines.of_meter(bars.shape[1], meter)
    return decode_song(vae, mix_latents(latents, own, linear), enters, to_c[key_song], drums, lines, mixed)


def _mixed_bars(
    endpoints: Array, weights: NDArray[np.float64], centres: Array, key_song: Index, apart: Index
) -> MixedBars:
    """A row for each bar of an instrument, of endpoints (songs, bars, instruments, latent_size), weights (songs, bars,
    instruments) and centres (bars, instruments, latent_size). apart: by how much more than the `key_song` each song was
    transposed to C."""
    songs, size = len(endpoints), endpoints.shape[-1]
    semitones = nearest_octave(apart)
    by_row = (each.reshape(songs, -1) for each in (semitones, semitones - apart))
    own = weights.reshape(songs, -1), centres.reshape(-1, size), key_song
    return MixedBars(endpoints.reshape(songs, -1, size), *own, *by_row)


def mix_latents(latents: Array, weights: NDArray[np.float64], linear: bool) -> Array:
    """(songs, bars, instruments, latent_size) with weights (songs, bars, instruments) to (bars, instruments,
    latent_size): two songs along the great circle, more by their mean, with the mean of their norms."""
    mean = (latents * weights[..., None]).sum(0)
    if linear:
        return np.asarray(mean, np.float32)
    norms = np.linalg.norm(latents, axis=-1)
    if len(latents) == 2:
        cosine = (latents[0] * latents[1]).sum(-1) / np.maximum(norms.prod(0), 1e-12)
        angle = np.arccos(np.clip(cosine, -1, 1)).astype(np.float64)
        sine = np.sin(angle)
        curved = sine > 1e-4
        along = np.where(curved, np.sin(weights * angle) / np.where(curved, sine, 1), weights)
        return np.asarray((latents * along[..., None]).sum(0), np.float32)
    alone = weights.max(0) == 1
    scale = (weights * norms).sum(0) / np.maximum(np.linalg.norm(mean, axis=-1), 1e-12)
    return np.asarray(mean * np.where(alone, 1, scale)[..., None], np.float32)


def nearest_phrases(song: LatentSong, style: LatentSong) -> Index:
    """(phrases,): for each phrase of a song the phrase of the style that is nearest, over the whole band, of those in
    which the most of its instruments play: a phrase with hardly a note is equally near to all others, and would be
    chosen for all of them."""
    one, other = _phrases(song), _phrases(style)
    size = one[0].shape[-1]
    nearest = np.zeros(len(one[0]), np.int64)
    playing = other[1].any(1)
    for phrase, (latents, plays) in enumerate(zip(*one, strict=True)):
        distance = np.square(other[0] - latents).sum(-1) / size
        both, either = plays & other[1], plays ^ other[1]
        whole = (distance * both + REST_DISTANCE * either).sum((1, 2))
        shared = (playing & plays.any(0)).sum(1)
        nearest[phrase] = np.where(shared == shared.max(), whole, np.inf).argmin()
    return nearest


def blend_latents(
    vae: BarVae, song: LatentSong, style: LatentSong, amount: float, source: Cells
) -> tuple[LatentSong, Cells]:
    """The song moved towards the nearest phrases of the style, and how many notes its bars have. An instrument that the
    style has not keeps its bars. source: (bars, instruments), the first bar with the same notes: what the song repeats
    stays repeated."""
    nearest = nearest_phrases(song, style)
    bars = (nearest[:, None] * PHRASE_BARS + np.arange(PHRASE_BARS)).ravel()[: len(song.plays)]
    first = np.where(source >= 0, source, np.arange(len(bars))[:, None])
    whole, instruments, absent = style.select_bars(bars), np.arange(source.shape[1]), ~style.plays.any(0)
    other = LatentSong(whole.latents[first, instruments], whole.plays[first, instruments], whole.semitones)
    share = np.stack([(1 - amount) * song.plays, amount * other.plays])
    share[0][:, absent] = song.plays[:, absent]
    total = share.sum(0)
    weights = share / np.maximum(total, 1e-12)
    mixed = mix_latents(np.stack([song.latents, other.latents]), weights, False)
    counts = np.rint(weights[0] * count_notes(vae, song) + weights[1] * count_notes(vae, other)).astype(np.int64)
    enters = total >= np.linspace(*ENTRY_SHARES, song.plays.shape[1])
    return LatentSong(mixed, enters, song.semitones), counts


def _phrases(song: LatentSong) -> tuple[Array, NDArray[np.bool_]]:
    """(phrases, PHRASE_BARS, instruments, latent_size) and whether each plays; rests fill the last phrase."""
    count = -(-len(song.plays) // PHRASE_BARS)
    whole = song.select_bars(np.arange(count * PHRASE_BARS))
    shape = count, PHRASE_BARS, whole.plays.shape[1]
    return whole.latents.reshape(*shape, whole.latents.shape[2]), whole.plays.reshape(shape)
