"""Plays a stiff or tapped rhythm as a drummer would: velocities, timing and, to mere taps, the rest of the kit.

Nothing else of the file changes. Nothing is drawn at random: the same file gives the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.music_options import Facts
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.groove.network import Groove, load_groove
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.drum_kit import DRUM_NAMES, DRUM_OF_KEY
from pianoroll_vae.music.drum_rhythm import HALF_SLOT, STEPS_PER_BEAT, Rhythm, find_rhythm
from pianoroll_vae.music.midi_messages import DRUM_CHANNEL
from pianoroll_vae.music.notes import Column, Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages.train_groove import GROOVE
from pianoroll_vae.workspace import Workspace

BUNDLED = Path(__file__).parents[1] / "bundled" / "groove.safetensors"
DRUMS = LPD5.index("drums")
TAPS = 2
"""So few kinds of drums are taps, and not a part."""

LARGEST_AMOUNT = 2.0
HIT_BEATS = 0.25
"""How long a hit that was added is held; drums ring as long as they like."""


def run(
    workspace: Workspace | None,
    source: Path,
    outputs: Sequence[Path],
    channel: int = DRUM_CHANNEL + 1,
    fill: bool | None = None,
    amount: float = 1.0,
) -> list[WrittenSong]:
    """Write the song in the file `source` with its drums played."""
    [where] = output_paths(outputs, 1)
    arrangement, facts = play(find_groove(workspace), SourceMidi.read(source), channel, fill, amount, str(source))
    return [write(arrangement, where, None, str(source), facts)]


def find_groove(workspace: Workspace | None) -> Groove:
    """The drummer that the workspace has trained, else the one that comes with vaemusic."""
    own = workspace.path(GROOVE) if workspace else BUNDLED
    return load_groove(own if own.is_file() else BUNDLED)


def play(
    groove: Groove,
    source_midi: SourceMidi,
    channel: int = DRUM_CHANNEL + 1,
    fill: bool | None = None,
    amount: float = 1.0,
    source: str = "The song",
) -> tuple[Arrangement, Facts]:
    """The sketch with the notes of a channel (1 to 16) played as drums, and what was done.

    `fill`: whether the rest of the kit is added; None: where there are taps only. `amount`: how far it departs from
    each drum's mean velocity and from the grid, 1.0 being as it was learned.
    """
    _check(source_midi, channel, amount, source)
    score = source_midi.score
    drums = score.channel == channel - 1
    per_tick = STEPS_PER_BEAT / score.ticks_per_beat
    tapped = find_rhythm(source_midi.song, score.pitch[drums], score.start[drums] * per_tick)
    heard = np.unique(DRUM_OF_KEY[tapped.key])
    wanted = len(heard) <= TAPS if fill is None else fill
    rhythm = groove.complete(tapped) if wanted else tapped
    velocity, offset = groove.touch(rhythm)
    velocity, offset = _by(amount, rhythm, velocity, offset)
    start = _in_order(rhythm.key, np.rint((rhythm.place + offset) / per_tick).astype(np.int64))
    length = np.full(len(rhythm), max(round(HIT_BEATS * score.ticks_per_beat), 1))
    length[: len(tapped)] = np.maximum(score.end[drums] - score.start[drums], 1)
    notes = Notes.tidy(np.full(len(rhythm), DRUMS), rhythm.key, start, length, velocity)
    steps = max(score.length, int(notes.end.max(initial=0)))
    new = Song(LPD5, notes, steps, score.ticks_per_beat, name=score.name)
    added = [DRUM_NAMES[drum] for drum in np.unique(DRUM_OF_KEY[rhythm.key]) if drum not in heard]
    facts: Facts = {
        "velocities": f"{velocity.min()} to {velocity.max()}",
        "timing": f"{abs(offset).mean():.2f} of 1/{STEPS_PER_BEAT} beat on average, at most {abs(offset).max():.2f}",
        "added": ", ".join(added) or "nothing",
    }
    return Arrangement(new, source_midi, ~drums, stay=frozenset({DRUM_CHANNEL})), facts


def _by(
    amount: float, rhythm: Rhythm, velocity: NDArray[np.int64], offset: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Velocities and offsets with more or less of what departs from each drum's mean, and from the grid."""
    _, drum = np.unique(rhythm.key, return_inverse=True)
    mean = (np.bincount(drum, velocity) / np.bincount(drum))[drum]
    louder = np.clip(np.rint(mean + amount * (velocity - mean)), 1, 127).astype(np.int64)
    return louder, np.clip(amount * offset, -HALF_SLOT, HALF_SLOT)


def _in_order(key: Column, start: Column) -> Column:
    """The ticks of hits, none before the song and no two of a key at once: a hit that is met moves on by a tick."""
    order = np.lexsort((start, key))
    ordered = np.maximum(start[order], 0)
    for part in np.split(np.arange(len(order)), np.flatnonzero(np.diff(key[order])) + 1):
        ahead = np.arange(len(part))
        ordered[part] = np.maximum.accumulate(ordered[part] - ahead) + ahead
    ticks = np.empty_like(start)
    ticks[order] = ordered
    return ticks


def _check(source_midi: SourceMidi, channel: int, amount: float, source: str) -> None:
    if not 1 <= channel <= 16:
        raise SettingInvalid(
            f"There is no channel {channel}.", "MIDI has the channels 1 to 16; drums are usually on 10."
        )
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise SettingInvalid(f"The amount cannot be {amount}.", f"Give a number from 0 to {LARGEST_AMOUNT:g}.")
    if not (source_midi.score.channel == channel - 1).any():
        others = [str(other) for other in np.unique(source_midi.score.channel) + 1]
        hint = f"It plays on {', '.join(others)}: name the rhythm's channel, --channel {others[0]}." if others else ""
        raise NothingFound(
            f"{source} has no drums: there is no note on channel {channel}.",
            hint or "Bring a file with a rhythm in it.",
        )
