"""Read every MIDI file of a folder with our reader and three others, and count the notes that agree.

    python tests/bench/midi_agreement.py FOLDER

Compared are whole notes in ticks: instrument (program, drums or not), pitch, onset, end and velocity. The
other readers' notes are brought under our one rule for overlaps first: on one pitch of one channel, striking a key
again ends the note before. Onsets need no such rule and are counted apart.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES, MidiScore, load_score

Note = tuple[int, bool, int, float, float, int]
"""program (0 for drums), drums or not, pitch, onset, end, velocity"""


def our_notes(score: MidiScore) -> list[Note]:
    columns = (score.program, score.is_drum, score.pitch, score.start, score.end, score.velocity)
    return [
        (0 if d else int(g), bool(d), int(p), int(s), int(e), int(v)) for g, d, p, s, e, v in zip(*columns, strict=True)
    ]


def symusic_notes(path: Path) -> list[list[Note]]:
    import symusic

    score = symusic.Score(str(path))
    assert isinstance(score, symusic.core.ScoreTick)
    return [
        [
            (0 if track.is_drum else track.program, track.is_drum, n.pitch, n.time, n.time + n.duration, n.velocity)
            for n in track.notes
        ]
        for track in score.tracks
    ]


def pretty_midi_notes(path: Path) -> list[list[Note]]:
    import pretty_midi

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        midi = pretty_midi.PrettyMIDI(str(path))
    tick = midi.time_to_tick
    return [
        [(0 if i.is_drum else i.program, i.is_drum, n.pitch, tick(n.start), tick(n.end), n.velocity) for n in i.notes]
        for i in midi.instruments
    ]


def mido_notes(path: Path) -> list[list[Note]]:
    """As a synthesizer hears it: all tracks in one order of time, and a program is the channel's, whoever names it.

    (The other two readers know a program only within its track.)
    """
    import mido

    parts: dict[int, list[Note]] = defaultdict(list)
    programs: dict[int, int] = {}
    sounding: dict[tuple[int, int], tuple[int, int, int]] = {}
    now = 0

    def end(channel: int, pitch: int) -> None:
        if (channel, pitch) in sounding:
            program, start, velocity = sounding.pop((channel, pitch))
            parts[channel].append((program, channel == 9, pitch, start, now, velocity))

    for message in mido.merge_tracks(mido.MidiFile(path).tracks):
        now += message.time
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type in ("note_on", "note_off"):
            end(message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                program = 0 if message.channel == 9 else programs.get(message.channel, 0)
                sounding[message.channel, message.note] = (program, now, message.velocity)
    for channel, pitch in list(sounding):
        end(channel, pitch)
    return list(parts.values())


def struck_again(parts: Iterable[list[Note]]) -> list[Note]:
    """Each part's notes, every one cut where the next of its pitch begins."""
    cut = []
    for part in parts:
        rows: dict[int, list[Note]] = defaultdict(list)
        for note in part:
            rows[note[2]].append(note)
        for row in rows.values():
            row.sort(key=lambda note: note[3])
            following = [note[3] for note in row[1:]] + [1 << 60]
            cut += [(*note[:4], min(note[4], after), note[5]) for note, after in zip(row, following, strict=True)]
    return cut


READERS = (("symusic", symusic_notes), ("pretty_midi", pretty_midi_notes), ("mido", mido_notes))


def main(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in MIDI_SUFFIXES)
    seconds: dict[str, float] = defaultdict(float)
    whole_files: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for path in files:
        began = time.perf_counter()
        try:
            score = load_score(path)
        except VaemusicError as error:
            print(f"{path.name}: refused: {error.message}")
            continue
        seconds["ours"] += time.perf_counter() - began
        ours = Counter(our_notes(score))
        either: Counter[Note] = Counter()
        for name, reader in READERS:
            began = time.perf_counter()
            parts = reader(path)
            seconds[name] += time.perf_counter() - began
            theirs = Counter(struck_again(parts))
            notes[name] += sum((ours & theirs).values())
            notes[f"{name} onsets"] += sum((_onsets(ours) & _onsets(theirs)).values())
            notes[f"{name} lost"] += sum((_onsets(theirs) - _onsets(ours)).values())
            whole_files[name] += ours == theirs
            either |= theirs
        apart = ours - either
        whole_files["either"] += not apart
        notes["ours"] += len(score)
        notes["either"] += len(score) - sum(apart.values())
        if apart:
            print(f"{path.name}: {sum(apart.values())} notes as nobody else reads them, e.g. {min(apart)}")
    total = notes["ours"]
    print(f"{len(files)} files, {total:,} notes, read by us in {seconds['ours']:.2f} s")
    for name, _ in READERS:
        print(
            f"{name}: {whole_files[name]} files and {notes[name]:,} notes agree, {notes[f'{name} onsets']:,} onsets; "
            f"{notes[f'{name} lost']:,} onsets it alone has; read in {seconds[name]:.2f} s"
        )
    print(f"one of them: {whole_files['either']} files and {notes['either']:,} notes agree")


def _onsets(notes: Counter[Note]) -> Counter[tuple[float, ...]]:
    """Pitch, onset and velocity alone."""
    counted: Counter[tuple[float, ...]] = Counter()
    for note, count in notes.items():
        counted[(*note[1:4], note[5])] += count
    return counted


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("Usage: python tests/bench/midi_agreement.py FOLDER")
    main(Path(sys.argv[1]))
