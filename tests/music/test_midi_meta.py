"""Name, tempo, meters and key of a MIDI file."""

from pianoroll_vae.music.key import Key
from pianoroll_vae.music.midi_score import parse_score
from tests.music.test_midi_score import END, midi


def test_tempo_meter_and_name_are_read() -> None:
    events = b"\x00\xff\x03\x05Blues\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x03\x02\x18\x08" + END
    score = parse_score(midi(events))
    assert (score.name, score.tempo, score.meters) == ("Blues", ((0, 500_000),), ((0, 3, 4),))


def test_a_name_of_an_old_program_is_latin_1_on_one_line() -> None:
    assert parse_score(midi(b"\x00\xff\x03\x06\xc4rger\n" + END)).name == "Ärger"


def test_the_first_key_signature_counts_whatever_its_track() -> None:
    a_minor, f_major, damaged = b"\xff\x59\x02\x00\x01", b"\xff\x59\x02\xff\x00", b"\xff\x59\x02\x20\x00"
    score = parse_score(midi(b"\x60" + f_major + END, b"\x00" + damaged + b"\x00" + a_minor + b"\x60" + f_major + END))
    assert score.key_signature == Key(9, "minor")
    assert parse_score(midi(b"\x00" + damaged + END)).key_signature is None


def test_tempo_zero_and_a_meter_of_no_beats_are_ignored() -> None:
    score = parse_score(midi(b"\x00\xff\x51\x03\x00\x00\x00\x00\xff\x58\x04\x00\x02\x18\x08" + END))
    assert (score.tempo, score.meters) == ((), ())


def test_a_text_that_names_a_key_counts_as_a_key_signature() -> None:
    line, other = b"{key: D dorian}", b"{key: of the door}"
    texts = [b"\x00\xff\x01" + bytes([len(text)]) + text for text in (other, line)]
    assert parse_score(midi(b"".join(texts) + END)).key_signature == Key(2, "dorian")
    assert parse_score(midi(texts[0] + END)).key_signature is None
