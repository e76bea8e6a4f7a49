"""A soundfont is checked whole before the synthesizer opens it."""

import struct
from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.listen.audio import default_soundfont
from pianoroll_vae.listen.soundfont import check_soundfont


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content


def head(name: str, zone: int) -> bytes:
    return struct.pack("<20sHHH12x", name.encode(), 0, 0, zone)


def sample(start: int, end: int, loop_start: int, loop_end: int, rate: int = 44_100) -> bytes:
    return struct.pack("<20sIIIIIBbHH", b"tone", start, end, loop_start, loop_end, rate, 60, 0, 0, 1)


TABLES = {
    "phdr": head("Piano", 0) + head("EOP", 1),
    "pbag": struct.pack("<4H", 0, 0, 1, 0),
    "pmod": bytes(10),
    "pgen": struct.pack("<4H", 41, 0, 0, 0),
    "inst": struct.pack("<20sH20sH", b"Tone", 0, b"EOI", 1),
    "ibag": struct.pack("<4H", 0, 0, 2, 0),
    "imod": bytes(10),
    "igen": struct.pack("<6H", 43, 0x7F00, 53, 0, 0, 0),
    "shdr": sample(0, 100, 8, 90) + bytes(46),
}


def soundfont(path: Path, tables: dict[str, bytes] | None = None, samples: int = 100) -> Path:
    made = TABLES | (tables or {})
    sound = b"sdta" + chunk(b"smpl", bytes(2 * samples))
    listed = b"pdta" + b"".join(chunk(name.encode(), content) for name, content in made.items())
    path.write_bytes(chunk(b"RIFF", b"sfbk" + chunk(b"LIST", sound) + chunk(b"LIST", listed)))
    return path


def test_sound_soundfonts_pass(tmp_path: Path) -> None:
    check_soundfont(soundfont(tmp_path / "a.sf2"))
    check_soundfont(default_soundfont())


@pytest.mark.parametrize(
    ("table", "content", "why"),
    [
        ("pbag", struct.pack("<4H", 0, 0, 9, 0), "table pbag that lead nowhere"),
        ("phdr", head("Piano", 1) + head("EOP", 0), "table phdr that lead nowhere"),
        ("inst", b"", "a table inst of 0 bytes"),
        ("shdr", bytes(45), "a table shdr of 45 bytes"),
        ("pgen", struct.pack("<4H", 41, 7, 0, 0), "instruments or samples that it has not"),
        ("igen", struct.pack("<6H", 43, 0x7F00, 53, 1, 0, 0), "instruments or samples that it has not"),
        ("igen", struct.pack("<6H", 43, 0x0060, 53, 0, 0, 0), "impossible ranges"),
        ("igen", struct.pack("<6H", 99, 0, 53, 0, 0, 0), "generators of an unknown kind"),
        ("igen", struct.pack("<6H", 30, 32_767, 53, 0, 0, 0), "times of many hours"),
        ("igen", struct.pack("<6H", 3, 50, 53, 0, 0, 0), "moves the ends of samples"),
        ("igen", struct.pack("<6H", 12, 1, 53, 0, 0, 0), "moves the ends of samples"),
        ("shdr", sample(0, 101, 8, 90) + bytes(46), "samples outside of its sound"),
        ("shdr", sample(50, 40, 8, 90) + bytes(46), "samples outside of its sound"),
        ("shdr", sample(0, 100, 8, 90, rate=0) + bytes(46), "an impossible rate"),
    ],
)
def test_a_table_that_leads_out_of_the_file_is_refused(tmp_path: Path, table: str, content: bytes, why: str) -> None:
    path = soundfont(tmp_path / "a.sf2", {table: content})
    with pytest.raises(FileUnreadable, match=why) as refusal:
        check_soundfont(path)
    assert str(path) in refusal.value.message
    assert "--soundfont FILE.sf2" in refusal.value.hint


def test_a_zone_without_an_instrument_is_refused_but_for_the_first(tmp_path: Path) -> None:
    two_zones = {
        "phdr": head("Piano", 0) + head("EOP", 2),
        "pbag": struct.pack("<6H", 0, 0, 1, 0, 2, 0),
        "pgen": struct.pack("<6H", 48, 10, 41, 0, 0, 0),
    }
    check_soundfont(soundfont(tmp_path / "a.sf2", two_zones))
    swapped = two_zones | {"pgen": struct.pack("<6H", 41, 0, 48, 10, 0, 0)}
    with pytest.raises(FileUnreadable, match="zones without an instrument"):
        check_soundfont(soundfont(tmp_path / "b.sf2", swapped))


@pytest.mark.parametrize("length", [0, 4, 12, 40, 300])
def test_a_file_that_breaks_off_is_refused(tmp_path: Path, length: int) -> None:
    path = soundfont(tmp_path / "a.sf2")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileUnreadable):
        check_soundfont(path)
