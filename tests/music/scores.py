"""What stands in a MusicXML file, read without the code that writes it."""

from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element


@dataclass
class ScorePart:
    """Notes are (pitch, start in quarters, length in quarters), drums' pitches those of their MIDI instruments."""

    name: str
    programs: set[int]
    bars: list[float] = field(default_factory=list)
    notes: list[tuple[int, float, float]] = field(default_factory=list)
    harmonies: list[str] = field(default_factory=list)
    rehearsals: list[str] = field(default_factory=list)


def read_score(data: bytes) -> list[ScorePart]:
    """The parts of a score; notes that are tied are one note."""
    root = ElementTree.fromstring(data)
    return [_read_part(part, root) for part in root.findall("part")]


def _read_part(part: Element, root: Element) -> ScorePart:
    listed = next(entry for entry in root.iter("score-part") if entry.get("id") == part.get("id"))
    unpitched = {
        each.get("id"): int(each.findtext("midi-unpitched", "1")) - 1 for each in listed.findall("midi-instrument")
    }
    programs = {int(each.findtext("midi-program", "1")) - 1 for each in listed.findall("midi-instrument")}
    found = ScorePart(listed.findtext("part-name", ""), programs)
    divisions = int(part.findtext("measure/attributes/divisions", "0"))
    open_ties: dict[tuple[int, int], float] = {}
    begin = 0
    for measure in part.findall("measure"):
        now = begin
        ends: dict[str, int] = {}
        onset = now
        for element in measure:
            length = int(element.findtext("duration", "0"))
            if element.tag == "backup":
                now -= length
            if element.tag != "note":
                continue
            onset = onset if element.find("chord") is not None else now
            now = onset + length
            ends[element.findtext("voice", "")] = now
            pitch = _pitch(element, unpitched)
            ties = {tie.get("type") for tie in element.findall("tie")}
            if pitch is None:
                continue
            start = open_ties.pop((pitch, onset)) if "stop" in ties else onset / divisions
            if "start" in ties:
                open_ties[pitch, now] = start
            else:
                found.notes.append((pitch, start, now / divisions - start))
        found.bars.append((ends["1"] - begin) / divisions)
        begin = max(ends.values())
    assert not open_ties
    found.harmonies = [each.findtext("root/root-step", "") for each in part.iter("harmony")]
    found.rehearsals = [each.text or "" for each in part.iter("rehearsal")]
    return found


def _pitch(note: Element, unpitched: dict[str | None, int]) -> int | None:
    if note.find("rest") is not None:
        return None
    instrument = note.find("instrument")
    if instrument is not None:
        return unpitched[instrument.get("id")]
    step = "C D EF G A B".index(note.findtext("pitch/step", ""))
    return step + int(note.findtext("pitch/alter", "0")) + 12 * int(note.findtext("pitch/octave", "0")) + 12
