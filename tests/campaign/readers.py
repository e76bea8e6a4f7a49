"""The notes of real MIDI files, as two other readers have them.

A difference from symusic is explained by the rules by which the file has exactly its notes: `tests.bench.midi_reasons`.
"""

import functools
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES, load_score
from tests.bench.midi_agreement import Note, mido_notes, our_notes, struck_again, symusic_notes
from tests.bench.midi_reasons import reasons
from tests.campaign.material import Material

READER_BATCHES = 32


def other_readers(material: Material, rng: random.Random, number: int, midi: Path | None) -> Iterator[tuple[str, str]]:
    """Some files of the folder `midi`; none where it is not named."""
    for path in _files(midi)[number::READER_BATCHES] if number < READER_BATCHES else ():
        yield path.name, _fault_of(path)


@functools.cache
def _files(midi: Path | None) -> list[Path]:
    return sorted(path for path in midi.rglob("*") if path.suffix.lower() in MIDI_SUFFIXES) if midi else []


def _fault_of(path: Path) -> str:
    try:
        load_score(path)
    except VaemusicError as refusal:
        return "" if refusal.message and refusal.hint else "refused without a reason"
    try:
        theirs = symusic_notes(path)
    except Exception:  # it fails in ways of its own
        return ""
    return _fault(path, theirs)


def _fault(path: Path, theirs: list[list[Note]]) -> str:
    """A difference from symusic that no known rule explains, and mido's notes do not share."""
    try:
        reasons(path, theirs)
    except ValueError as unexplained:
        try:
            mido = Counter(struck_again(mido_notes(path)))
        except Exception:
            return str(unexplained)
        apart = sum((Counter(our_notes(load_score(path))) - mido).values())
        return f"{apart} notes that neither symusic nor mido has" if apart else ""
    return ""
