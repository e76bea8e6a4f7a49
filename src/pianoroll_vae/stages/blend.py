"""Blends the style of one song into another: latents move towards the nearest ones of the other song."""

from collections.abc import Sequence
from pathlib import Path

from pianoroll_vae.desk.forecast import announce_long_work
from pianoroll_vae.desk.key_moves import what_moves
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, write
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import Watch
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
    where, ensemble = start_writing(workspace, options, outputs, 1, watch)
    song, other = (open_source(path, ensemble.band, options.salvage, watch) for path in (source, style))
    announce_long_work(watch, [song.song, other.song])
    with watch.task("Blending", None, "songs"):
        arrangement, facts = options.apply(
            blend(ensemble, song, other, amount, bars, options), song.song, moves=what_moves(bars is None)
        )
    return [write(arrangement, where[0], None, f"{source} and {style}", facts)]


def blend(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    style: SourceMidi,
    amount: float = 0.5,
    bars: BarRange | None = None,
    options: MusicOptions | None = None,
) -> Arrangement:
    """amount: 0 changes nothing; 1 gives the style's nearest phrases. Outside of `bars` nothing changes."""
    if not 0 <= amount <= 1:
        raise SettingInvalid(f"The amount cannot be {amount}.", "Give a number from 0 (the song) to 1 (the style).")
    if not style.playing:
        raise NothingFound(
            "The song that gives the style has no notes.",
            "Name a song with notes in an instrument of the band: --style.",
        )
    threshold = (options or MusicOptions()).threshold_for(ensemble)
    return ensemble.blend(source_midi, style.song, amount, threshold, bars)
