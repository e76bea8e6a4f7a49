"""Synthesised audio is audible, in time and not clipped."""

import io
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.listen import audio
from pianoroll_vae.listen.audio import (
    MAX_NOTE_SECONDS,
    PEAK,
    RELEASE_SECONDS,
    SAMPLE_RATE,
    blocks_of,
    default_soundfont,
    synthesise,
    synthesise_blocks,
    write_song,
    write_wav,
)
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.listen.songs import band_song, silence


def test_audio_is_audible_and_not_clipped() -> None:
    song = band_song()
    samples = synthesise(song, default_soundfont())
    assert samples.shape == (2, pytest.approx((song.seconds + RELEASE_SECONDS) * SAMPLE_RATE, abs=2))
    assert np.abs(samples).max() == pytest.approx(PEAK, rel=1e-4)
    assert np.sqrt(np.mean(samples[:, : SAMPLE_RATE * 4] ** 2)) > 0.02


def test_the_release_of_the_last_note_is_rendered() -> None:
    samples = synthesise(band_song(), default_soundfont())
    end = int(band_song().seconds * SAMPLE_RATE)
    assert np.abs(samples[:, end : end + SAMPLE_RATE // 20]).max() > 1e-3
    assert np.abs(samples[:, -SAMPLE_RATE // 10 :]).max() < 1e-3


def test_the_same_song_gives_the_same_samples() -> None:
    song = band_song(bars=1)
    assert np.array_equal(synthesise(song, default_soundfont()), synthesise(song, default_soundfont()))


def test_another_program_gives_other_samples() -> None:
    song = band_song(bars=1)
    assert not np.array_equal(
        synthesise(song, default_soundfont()), synthesise(song, default_soundfont(), {"piano": 19})
    )


@pytest.mark.parametrize("program", [27, 33, 38, 70])
def test_notes_above_the_synthesizers_range_are_rendered_lower(program: int) -> None:
    """With these programs the synthesizer does not end on such notes; they are transposed down by octaves."""
    song = band_song()
    pitches = np.arange(96, 128)
    instrument, start = np.full(len(pitches), song.band.index("bass")), 4 * np.arange(len(pitches))
    notes = Notes.tidy(instrument, pitches, start, np.full(len(pitches), 12), np.full(len(pitches), 100))
    high = replace(song, notes=notes, steps=600)
    samples, again = (synthesise(high, default_soundfont(), {"bass": program}) for _ in range(2))
    assert np.abs(samples).max() == pytest.approx(PEAK, abs=1e-3)
    assert np.array_equal(samples, again)


def test_a_song_without_notes_is_silence_of_its_length() -> None:
    samples = synthesise(silence(), default_soundfont())
    assert samples.shape == (2, 10 * SAMPLE_RATE)
    assert not samples.any()


def test_a_wav_is_stereo_of_16_bits_at_44100_hertz() -> None:
    samples = np.array([[0.0, PEAK, -PEAK], [0.5, 0.0, 0.0]], np.float32)
    file = io.BytesIO()
    write_wav(samples, file)
    file.seek(0)
    with wave.open(file) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (2, 2, 44_100)
        written = np.frombuffer(reader.readframes(3), "<i2").reshape(-1, 2)
    assert written.tolist() == [[0, 16384], [29204, 0], [-29204, 0]]


def test_a_song_of_more_than_an_hour_is_refused() -> None:
    with pytest.raises(SettingInvalid) as caught:
        synthesise(silence(4 * 120 * 61), default_soundfont())
    assert "61 minutes" in caught.value.message
    assert "--bars" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), (b"RIFFxxxxWAVE", "is not a soundfont"), (b"RIFF\0\0\0\0sfbk", "is damaged")],
)
def test_a_file_that_is_no_soundfont_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "font.sf2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileUnreadable) as caught:
        synthesise(band_song(bars=1), path)
    assert message in caught.value.message
    assert "--soundfont" in caught.value.hint


def long_song(minutes: int, length: int = 40) -> Song:
    """An organ's note every ten seconds, at 120 beats a minute with 12 steps a beat."""
    song = band_song()
    start = np.arange(0, minutes * 60 * 24, 240) + 230
    instrument = np.full(len(start), song.band.index("piano"))
    notes = Notes.tidy(
        instrument, 60 + np.arange(len(start)) % 12, start, np.full(len(start), length), np.full(len(start), 90)
    )
    return replace(song, notes=notes, steps=minutes * 60 * 24, steps_per_beat=12, tempo=((0, 120.0),))


def test_a_song_of_ten_minutes_is_rendered_whole_and_a_longer_one_in_blocks() -> None:
    assert blocks_of(long_song(10)) == 1
    assert blocks_of(long_song(11)) == 11


def test_a_song_in_blocks_sounds_as_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two minutes, with blocks as a song of more than ten has them. The synthesizer counts seconds in 32 bits, which
    puts late notes of a whole song a few samples beside their time: so loudness is compared, second by second."""
    monkeypatch.setattr(audio, "WHOLE_SECONDS", 60)
    song, path = long_song(2), tmp_path / "long.wav"
    assert blocks_of(song) == 2
    with path.open("wb") as file:
        samples = write_song(song, default_soundfont(), file)
    with wave.open(str(path)) as reader:
        assert reader.getnframes() == samples == round((song.seconds + RELEASE_SECONDS) * SAMPLE_RATE)
        blocks = np.frombuffer(reader.readframes(samples), "<i2").reshape(-1, 2).T / np.float32(32767)
    whole = synthesise(song, default_soundfont())
    loudness = [np.abs(sound[0, : 120 * SAMPLE_RATE]).reshape(120, -1).mean(1) for sound in (whole, blocks)]
    np.testing.assert_allclose(loudness[1], loudness[0], rtol=0.05, atol=1e-4)
    assert np.abs(blocks).max() == pytest.approx(PEAK, abs=1e-3)


def test_a_note_of_a_song_in_blocks_is_heard_for_a_bounded_time() -> None:
    song = long_song(11, length=11 * 60 * 24)
    first = song.notes[:1]
    blocks = list(synthesise_blocks(replace(song, notes=first), default_soundfont()))
    assert sum(block.shape[1] for block in blocks) == round((song.seconds + RELEASE_SECONDS) * SAMPLE_RATE)
    silent_from = int(first.start[0] / 24 + MAX_NOTE_SECONDS + RELEASE_SECONDS) // 60 + 1
    assert not any(block.any() for block in blocks[silent_from:])
