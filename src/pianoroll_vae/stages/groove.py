"""Gives a quantised or tapped drum part velocities and timing, and adds the rest of the kit to a tapped rhythm.

Nothing else of the file changes, and nothing is random: the same file gives the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import Facts
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.groove.groove import Groove, load_groove
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.drum_kit import DRUM_NAMES, DRUM_OF_KEY
from pianoroll_vae.music.drum_rhythm import HALF_SLOT, Rhythm, find_rhythm
from pianoroll_vae.music.midi_messages import DRUM_CHANNEL
from pianoroll_vae.music.midi_tracks import silencing_controls
from pianoroll_vae.music.notes import Column, Notes
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.paths import is_file
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import GROOVE, Workspace

BUNDLED_GROOVE = Path(__file__).parents[1] / "bundled" / "groove.safetensors"
DRUMS_INDEX = LPD5.index("drums")
MAX_TAPPED_DRUMS = 2
"""A rhythm of so few kinds of drums is taken for taps, and completed by default."""

MAX_AMOUNT = 2.0
HIT_BEATS = 0.25
"""Length of an added note; it has no meaning for drums."""


def run(
    workspace: Workspace | None,
    source: Path,
    outputs: Sequence[Path],
    channel: int = DRUM_CHANNEL + 1,
    fill: bool | None = None,
    amount: float = 1.0,
    salvage: bool = False,
    watch: Watch | None = None,
    force: bool = False,
) -> list[WrittenSong]:
    """Write the song in the file `source` with its drums performed."""
    [where] = output_paths(outputs, 1, force)
    source_midi = open_source(source, LPD5, salvage, watch, in_bars=False)
    arrangement, facts = play(find_groove(workspace), source_midi, channel, fill, amount, str(source))
    return [write(arrangement, where, None, str(source), facts)]


def find_groove(workspace: Workspace | None) -> Groove:
    """The groove model of the workspace, else the one that is part of vaemusic."""
    own = workspace.path(GROOVE) if workspace else BUNDLED_GROOVE
    return load_groove(own if is_file(own) else BUNDLED_GROOVE)


def play(
    groove: Groove,
    source_midi: SourceMidi,
    channel: int = DRUM_CHANNEL + 1,
    fill: bool | None = None,
    amount: float = 1.0,
    source: str = "The song",
) -> tuple[Arrangement, Facts]:
    """The song with the notes of a channel (1 to 16) performed as drums, and facts about the changes.

    fill: add the rest of the kit; None: only to a rhythm of at most `MAX_TAPPED_DRUMS`. amount: scales the distance of
    velocities from each drum's mean and of hits from the grid, 0 to 2; 1 is what the model predicts.
    """
    _check(source_midi, channel, amount, source)
    score = source_midi.score
    drums = score.channel == channel - 1
    per_tick = FINE_STEPS_PER_BEAT / score.ticks_per_beat
    given = find_rhythm(source_midi.song, score.pitch[drums], score.start[drums] * per_tick)
    if fill is None:
        fill = len(_drums_of(given)) <= MAX_TAPPED_DRUMS
    rhythm = groove.complete(given) if fill else given
    velocity, offset = _scale(amount, rhythm, *groove.velocity_and_offset(rhythm))
    start = _separate(rhythm.key, np.rint((rhythm.place + offset) / per_tick).astype(np.int64))
    length = np.full(len(rhythm), max(round(HIT_BEATS * score.ticks_per_beat), 1))
    length[: len(given)] = np.maximum(score.end[drums] - score.start[drums], 1)
    notes = Notes.tidy(np.full(len(rhythm), DRUMS_INDEX), rhythm.key, start, length, velocity)
    steps = max(score.length, int(notes.end.max(initial=0)))
    new = Song(LPD5, notes, steps, score.ticks_per_beat, name=score.name)
    arrangement = Arrangement(new, source_midi, ~drums, kept_channels=frozenset({DRUM_CHANNEL}))
    added = [drum for drum in _drums_of(rhythm) if drum not in _drums_of(given)]
    return arrangement, _facts(velocity, offset, added, silencing_controls(source_midi.tracks, DRUM_CHANNEL))


def _drums_of(rhythm: Rhythm) -> list[str]:
    """The names of the drums that are hit."""
    return [DRUM_NAMES[drum] for drum in np.unique(DRUM_OF_KEY[rhythm.key])]


def _facts(
    velocity: NDArray[np.int64], offset: NDArray[np.float64], added: Sequence[str], silencing: Sequence[str]
) -> Facts:
    """About hits (hits,) of these velocities and offsets in steps; silencing: controllers that the file sets to 0."""
    facts: Facts = {
        "velocities": f"{velocity.min()} to {velocity.max()}",
        "timing": f"{abs(offset).mean():.2f} of 1/{FINE_STEPS_PER_BEAT} beat on average, at most "
        f"{abs(offset).max():.2f}",
        "added": ", ".join(added) or "nothing",
    }
    if silencing:
        facts["silent"] = f"drums: the file sets the {' and the '.join(silencing)} of channel {DRUM_CHANNEL + 1} to 0"
    return facts


def _scale(
    amount: float, rhythm: Rhythm, velocity: NDArray[np.int64], offset: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Scale the distance of velocities from their key's mean, and of hits from the grid."""
    _, drum = np.unique(rhythm.key, return_inverse=True)
    mean = (np.bincount(drum, velocity) / np.bincount(drum))[drum]
    scaled = np.clip(np.rint(mean + amount * (velocity - mean)), 1, 127).astype(np.int64)
    return scaled, np.clip(amount * offset, -HALF_SLOT, HALF_SLOT)


def _separate(key: Column, start: Column) -> Column:
    """Start ticks at 0 or later, with no two hits of a key on one tick: the later one is moved by a tick."""
    order = np.lexsort((start, key))
    ordered = np.maximum(start[order], 0)
    for part in np.split(np.arange(len(order)), np.flatnonzero(np.diff(key[order])) + 1):
        number = np.arange(len(part))
        ordered[part] = np.maximum.accumulate(ordered[part] - number) + number
    ticks = np.empty_like(start)
    ticks[order] = ordered
    return ticks


def _check(source_midi: SourceMidi, channel: int, amount: float, source: str) -> None:
    if not 1 <= channel <= 16:
        raise SettingInvalid(
            f"There is no MIDI channel {channel}.", "Name a channel from 1 to 16; drums are usually on 10."
        )
    if not 0 <= amount <= MAX_AMOUNT:
        raise SettingInvalid(f"The amount is {amount}.", f"It must be from 0 to {MAX_AMOUNT:g}.")
    if not (source_midi.score.channel == channel - 1).any():
        others = [str(other) for other in np.unique(source_midi.score.channel) + 1]
        hint = "The file has no notes: name another one."
        if others:
            hint = f"Its channels are {', '.join(others)}: name that of the rhythm, --channel {others[0]}."
        raise NothingFound(f"{source} has no drums: there is no note on channel {channel}.", hint)
