"""Blends the style of one song into another: each instrument's latents move toward the nearest of the other song's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.mixing import interpolate_latents
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.phrases import Phrases
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.workspace import Workspace


def run(
    workspace: Workspace | None,
    source: Path,
    style: Path,
    amount: float,
    bars: BarRange | None,
    options: MusicOptions,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[WrittenSong]:
    """Write the song in the file `source` in the style of the one in `style`."""
    where = output_paths(outputs, 1, options.force)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    song, other = (open_source(path, ensemble.band, options.salvage, watch) for path in (source, style))
    with watch.task("Blending", None, "songs"):
        arrangement, facts = options.apply(blend(ensemble, song, other, amount, bars, options), song.song)
    return [write(arrangement, where[0], None, f"{source} and {style}", facts)]


def blend(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    style: SourceMidi,
    amount: float = 0.5,
    bars: BarRange | None = None,
    options: MusicOptions | None = None,
) -> Arrangement:
    """amount: 0 changes nothing; 1 gives each phrase the nearest latent of `style`. Outside `bars` nothing changes."""
    if not 0 <= amount <= 1:
        raise SettingInvalid(f"The amount cannot be {amount}.", "Give a number from 0 (the song) to 1 (the style).")
    if not style.playing:
        raise NothingFound(
            "The song that gives the style has no notes.",
            "Name a song with notes in an instrument of the band: --style.",
        )
    latents = ensemble.encode(ensemble.to_phrases(source_midi.song))
    phrases = ensemble.to_phrases(style.song)
    near = nearest_of_style(latents, ensemble.encode(phrases), phrases)
    moved = interpolate_latents(latents, near, np.full(len(latents), amount, np.float32))
    threshold = (options or MusicOptions()).threshold_for(ensemble.band, ensemble.thresholds)
    return ensemble.move_latents(source_midi, latents, moved, threshold, bars)


def nearest_of_style(latents: Latents, style: Latents, phrases: Phrases) -> Latents:
    """For each phrase and instrument, (n, instruments, latent_size), the style's nearest latent of that instrument.

    Only phrases in which the instrument plays count; where it never plays in the style, its latents stay.
    """
    near = latents.copy()
    for instrument in range(latents.shape[1]):
        playing = style[(phrases[:, instrument] > 0).any((1, 2)), instrument]
        if len(playing):
            distance = np.linalg.norm(latents[:, instrument, None] - playing, axis=-1)
            near[:, instrument] = playing[distance.argmin(1)]
    return near
