"""Reads the chart that stands in a MIDI file of ours: sections as markers, chords as texts."""

from dataclasses import replace

import numpy as np

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.music.chart import Chart, Section
from pianoroll_vae.music.chart_marks import Mark
from pianoroll_vae.music.chart_reading import (
    explained_share,
    find_key,
    half_bar_edges,
    pitch_class_cells,
    read_chart,
)
from pianoroll_vae.music.chord_labels import NO_CHORD, parse_chord_label
from pianoroll_vae.music.key import key_of_text
from pianoroll_vae.music.midi_events import MidiEvents
from pianoroll_vae.music.midi_messages import MARKER, TEXT
from pianoroll_vae.music.midi_meta import meta_events
from pianoroll_vae.music.source_midi import SourceMidi

EXPLAINED_TOLERANCE = 0.1
"""The chords that stand in a file may explain so much less of its notes than those that are read from the notes; else
the notes were changed since."""


def find_chart(source_midi: SourceMidi) -> tuple[Chart, bool]:
    """The chart that stands in the file, if it has one that fits its notes, else the one that is read from them; and
    whether it stands there."""
    written, read = written_chart(source_midi), read_chart(source_midi.song)
    if written is None:
        return read, False
    cells = pitch_class_cells(source_midi.song, half_bar_edges(source_midi.song))
    own, best = (explained_share(cells, chart.chords.ravel()) for chart in (written, read))
    return (read, False) if own < best - EXPLAINED_TOLERANCE else (written, True)


def written_chart(source_midi: SourceMidi) -> Chart | None:
    """The chart of the file, None where it has no markers, no chords or texts that are no chords."""
    song = source_midi.song
    scale = song.steps_per_beat / source_midi.score.ticks_per_beat
    sections, texts = (_marks(source_midi.events, kind) for kind in (MARKER, TEXT))
    chords = [(tick, text) for tick, text in texts if not key_of_text(text)]
    edges = half_bar_edges(song)[:-1]
    bars = len(edges) // 2
    if not sections or not chords or not bars or round(sections[0][0] * scale) > 0:
        return None
    labels = np.full(2 * bars, NO_CHORD, np.int64)
    try:
        for tick, symbol in chords:
            labels[np.searchsorted(edges, round(tick * scale)) :] = parse_chord_label(symbol)[0]
    except VaemusicError:
        return None
    starts = [int(np.searchsorted(edges[::2], round(tick * scale))) for tick, _ in sections]
    names = [name for _, name in sections]
    lengths = np.diff([*starts, bars]).tolist()
    found = tuple(
        Section(name, length, names.index(name) if name in names[:place] else None)
        for place, (name, length) in enumerate(zip(names, lengths, strict=True))
        if length > 0
    )
    _, over, under = song.meters[0]
    chart = Chart(found, labels.reshape(-1, 2), (over, under), round(float(song.tempo[0][1]), 2))
    return replace(chart, key=song.key_signature or find_key(song), title=" ".join(song.name.split()))


def _marks(events: MidiEvents, kind: int) -> list[Mark]:
    """(tick, text) of the meta events of a kind in the first track."""
    marks = []
    for event, tick, _, payload in meta_events(events, [kind]):
        if event < events.first[1]:
            text = payload.decode("utf-8", "replace")
            marks.append((tick, "".join(letter if letter.isprintable() else " " for letter in text).strip()))
    return marks
