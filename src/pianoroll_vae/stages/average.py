"""The song in the middle of several songs, or nearer to some of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.mixing import SOURCE_PHRASE_STEPS, decode_arrangement, repeat_phrases
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.workspace import Workspace


def run(
    workspace: Workspace | None,
    sources: Sequence[Path],
    weights: Sequence[float],
    options: MusicOptions,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[WrittenSong]:
    """Write the average of the songs in these files; `weights`: one for each, or none for all alike."""
    where = output_paths(outputs, 1)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    source_midis = [SourceMidi.read(source, ensemble.band) for source in sources]
    with watch.task("Averaging", None, "songs"):
        arrangement, facts = options.apply(average(ensemble, source_midis, weights, options), source_midis[0].song)
    return [write(arrangement, where[0], None, " and ".join(map(str, sources)), facts)]


def average(
    ensemble: Ensemble,
    source_midis: Sequence[SourceMidi],
    weights: Sequence[float] = (),
    options: MusicOptions | None = None,
) -> Arrangement:
    """The weighted mean of the songs' latents, phrase by phrase, as long as the songs are on average."""
    shares = np.asarray(weights or [1.0] * len(source_midis), np.float64)
    if len(shares) != len(source_midis) or not (shares >= 0).all() or not shares.sum() > 0:
        raise SettingInvalid(
            f"{len(source_midis)} songs cannot have the weights {', '.join(f'{share:g}' for share in shares)}.",
            "Give one number from 0 for each song: --weights 2,1,1.",
        )
    shares /= shares.sum()
    length = round(sum(share * each.song.steps for share, each in zip(shares, source_midis, strict=True)))
    phrases = max(-(-length // SOURCE_PHRASE_STEPS), 1)
    encoded = [ensemble.encode(ensemble.to_phrases(source_midi.song)) for source_midi in source_midis]
    latents = np.stack([repeat_phrases(song_latents, phrases) for song_latents in encoded])
    mean = np.tensordot(shares, latents, 1).astype(np.float32)
    return decode_arrangement(ensemble, mean, source_midis, options or MusicOptions(), length)
