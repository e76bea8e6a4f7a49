"""`groove` changes only the drums, slightly and deterministically; taps become a kit."""

from collections import Counter
from pathlib import Path

import mido
import numpy as np
import pytest

from pianoroll_vae.errors import ArtifactDamaged, NothingFound, SettingInvalid
from pianoroll_vae.models.groove.groove import load_groove
from pianoroll_vae.music.drum_kit import DRUM_OF_KEY
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages import groove
from pianoroll_vae.workspace import GROOVE, VAE, Workspace
from tests.midi_files import Note, melody_file, messages_of, midi_file, notes_of

EVERYTHING_ELSE = "set_tempo", "time_signature", "lyrics", "pitchwheel", "control_change", "program_change"
HALF_SIXTEENTH = 1 / 8


def drum_file(
    path: Path, pattern: dict[int, str], bars: int = 4, ticks: int = 480, channel: int = 9, rests: tuple[int, ...] = ()
) -> Path:
    """A quantised drum part: for each key a bar of sixteenths, 'x' where it is hit."""
    hits = [
        ((16 * bar + place) * ticks // 4, key)
        for bar in range(bars)
        if bar not in rests
        for key, row in pattern.items()
        for place, mark in enumerate(row)
        if mark == "x"
    ]
    file = mido.MidiFile(type=0, ticks_per_beat=ticks)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(93))])
    events = sorted([(tick, 1, key) for tick, key in hits] + [(tick + ticks // 8, 0, key) for tick, key in hits])
    now = 0
    for tick, on, key in events:
        track.append(mido.Message("note_on", channel=channel, note=key, velocity=100 * on, time=tick - now))
        now = tick
    file.tracks.append(track)
    file.save(path)
    return path


ROCK = {36: "x.....x.x.......", 38: "....x.......x...", 42: "x.x.x.x.x.x.x.x."}


def grooved(source: Path, folder: Path, **options: object) -> list[Note]:
    out = folder / "grooved.mid"
    groove.run(None, source, [out], **options)  # type: ignore[arg-type]
    return notes_of(out)


def test_an_independent_reader_finds_everything_but_the_drums_unchanged(tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    [written] = groove.run(None, source, [out])
    old, new = notes_of(source), notes_of(out)
    assert [note for note in new if note[0] != 9] == [note for note in old if note[0] != 9]
    drums = [note for note in old if note[0] == 9]
    assert Counter(note[2] for note in new if note[0] == 9) >= Counter(note[2] for note in drums)
    assert [note for note in new if note[0] == 9] != drums
    assert messages_of(out, *EVERYTHING_ELSE) == messages_of(source, *EVERYTHING_ELSE)
    assert written.kept[4] == 0
    assert written.kept[0] == sum(note[0] == 0 for note in old)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    source = drum_file(tmp_path / "a.mid", {38: "x..x..x...x.x..."})
    for name in ("b.mid", "c.mid"):
        groove.run(None, source, [tmp_path / name])
    assert (tmp_path / "b.mid").read_bytes() == (tmp_path / "c.mid").read_bytes()


def test_quantised_drums_get_velocities_and_timing_within_half_a_sixteenth(tmp_path: Path) -> None:
    source = drum_file(tmp_path / "a.mid", ROCK, bars=8)
    old, new = notes_of(source), grooved(source, tmp_path)
    by_key = [(note[2], note[3]) for note in sorted(old, key=lambda note: (note[2], note[3]))]
    played = sorted(new, key=lambda note: (note[2], note[3]))
    assert [key for key, _ in by_key] == [note[2] for note in played]
    offsets = np.array([note[3] - start for note, (_, start) in zip(played, by_key, strict=True)])
    assert np.abs(offsets).max() <= HALF_SIXTEENTH
    assert len(set(offsets.round(4).tolist())) > 1
    for key in ROCK:
        velocities = {note[5] for note in played if note[2] == key}
        assert len(velocities) > 1, f"key {key} has the same velocity everywhere"
    assert len({note[5] for note in played}) >= 10


def test_hats_on_the_beat_are_louder(tmp_path: Path) -> None:
    new = grooved(drum_file(tmp_path / "a.mid", ROCK, bars=8), tmp_path)
    hats = [(round(note[3] * 4) % 4, note[5]) for note in new if note[2] == 42]
    on_the_beat, between = (np.mean([velocity for place, velocity in hats if place == where]) for where in (0, 2))
    assert on_the_beat > between


def test_the_amount_scales_velocities_and_timing(tmp_path: Path) -> None:
    source = drum_file(tmp_path / "a.mid", ROCK)
    none, predicted, twice = (grooved(source, tmp_path, amount=amount) for amount in (0.0, 1.0, 2.0))
    assert [note[2:4] for note in none] == [note[2:4] for note in notes_of(source)]
    spread = [np.std([note[5] for note in notes if note[2] == 42]) for notes in (none, predicted, twice)]
    assert spread[0] == 0
    assert spread[0] < spread[1] < spread[2]


@pytest.mark.parametrize("taps", [{38: "x..x..x...x.x..."}, {36: "x.....x.x.......", 38: "....x.......x..."}])
def test_taps_become_a_kit_and_none_is_lost(tmp_path: Path, taps: dict[int, str]) -> None:
    source = drum_file(tmp_path / "a.mid", taps, bars=8)
    old, new = notes_of(source), grooved(source, tmp_path)
    tapped = Counter((note[2], round(note[3] * 4)) for note in old)
    played = Counter((note[2], round(note[3] * 4)) for note in new)
    assert tapped <= played
    assert len(new) > len(old)
    drums = {int(DRUM_OF_KEY[note[2]]) for note in new}
    assert len(drums) >= len(taps) + 1
    assert {note[2] for note in grooved(source, tmp_path, fill=False)} == set(taps)


def test_bars_without_taps_stay_empty(tmp_path: Path) -> None:
    source = drum_file(tmp_path / "a.mid", {38: "x...x...x...x..."}, bars=6, rests=(2, 3))
    assert {int((note[3] + 0.2) // 4) for note in grooved(source, tmp_path)} == {0, 1, 4, 5}


def test_triplets_and_rolls_keep_their_places(tmp_path: Path) -> None:
    file = mido.MidiFile(type=0, ticks_per_beat=96)
    track = mido.MidiTrack()
    starts = [0, 32, 64, 96, 128, 160, 192, 204, 216, 228, 240, 252, 264, 276]
    now = 0
    for start in starts:
        track.append(mido.Message("note_on", channel=9, note=38, velocity=90, time=start - now))
        track.append(mido.Message("note_off", channel=9, note=38, time=8))
        now = start + 8
    file.tracks.append(track)
    file.save(tmp_path / "a.mid")
    new = [note[3] * 96 for note in grooved(tmp_path / "a.mid", tmp_path, fill=False)]
    assert np.abs(np.array(new) - starts).max() <= 12
    assert np.abs(np.array(new)[:6] - starts[:6]).max() <= 8
    assert (np.diff(new) > 0).all()


def test_a_rhythm_can_be_on_another_channel(tmp_path: Path) -> None:
    source = drum_file(tmp_path / "a.mid", ROCK, channel=2)
    with pytest.raises(NothingFound, match="no note on channel 10") as caught:
        groove.run(None, source, [tmp_path / "b.mid"])
    assert "--channel 3" in caught.value.hint
    new = grooved(source, tmp_path, channel=3)
    assert {note[0] for note in new} == {9}
    assert len(new) == len(notes_of(source))


def test_drums_that_a_controller_silences_are_named(tmp_path: Path) -> None:
    path = drum_file(tmp_path / "a.mid", ROCK)
    file = mido.MidiFile(path)
    file.tracks[0].insert(0, mido.Message("control_change", channel=9, control=7, value=0))
    file.save(path)
    [written] = groove.run(None, path, [tmp_path / "b.mid"])
    assert written.facts["silent"] == "drums: the file sets the volume of channel 10 to 0"
    file.tracks[0].insert(20, mido.Message("control_change", channel=9, control=7, value=90))
    file.save(path)
    [written] = groove.run(None, path, [tmp_path / "b.mid"], force=True)
    assert "silent" not in written.facts


def test_wrong_input_is_one_message(tmp_path: Path) -> None:
    source = drum_file(tmp_path / "a.mid", ROCK)
    with pytest.raises(NothingFound, match="no drums") as caught:
        groove.run(None, melody_file(tmp_path / "none.mid", ()), [tmp_path / "b.mid"])
    assert caught.value.hint
    for options, message in (
        ({"channel": 17}, "channel 17"),
        ({"amount": -1.0}, "amount"),
        ({"amount": float("nan")}, "nan"),
    ):
        with pytest.raises(SettingInvalid, match=message) as refused:
            groove.run(None, source, [tmp_path / "b.mid"], **options)
        assert refused.value.hint


@pytest.mark.parametrize("meter", [(3, 4), (7, 8), (6, 8), (5, 4)])
@pytest.mark.parametrize("ticks", [24, 96, 1000])
def test_any_meter_and_resolution(tmp_path: Path, meter: tuple[int, int], ticks: int) -> None:
    source = midi_file(tmp_path / "a.mid", beats=21, ticks=ticks, meter=meter)
    new = grooved(source, tmp_path)
    assert sum(note[0] == 9 for note in new) >= sum(note[0] == 9 for note in notes_of(source))


def test_the_model_of_the_workspace_is_used_where_there_is_one(workspace: Workspace, tmp_path: Path) -> None:
    figures = groove.find_groove(workspace).figures
    assert figures is not None and figures.songs > 1000, "the bundled one"
    own = workspace.path(GROOVE)
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(b"no model")
    with pytest.raises(ArtifactDamaged, match="no model of vaemusic"):
        groove.find_groove(workspace)
    own.unlink()


def test_the_bundled_model_is_better_than_its_baselines_and_names_its_sources() -> None:
    figures = groove.find_groove(None).figures
    assert figures is not None
    for errors in (figures.velocity, figures.offset, figures.offset_all_songs):
        assert errors.model < min(errors.key_mean, errors.slot_mean, errors.slot_median)
    assert figures.completion_f1 > figures.repeated_bar_f1
    assert groove.BUNDLED_GROOVE.stat().st_size < 1_000_000
    card = " ".join(groove.BUNDLED_GROOVE.with_suffix(".md").read_text(encoding="utf-8").split())
    for name in ("Lakh Pianoroll Dataset", "CC BY 4.0", "Hao-Wen Dong", "Colin Raffel"):
        assert name in card


def test_a_model_of_another_kind_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ArtifactDamaged, match="not a groove model") as caught:
        load_groove(workspace.path(VAE))
    assert "vaemusic train groove" in caught.value.hint


def test_taps_are_completed_in_python(tmp_path: Path) -> None:
    arrangement, facts = groove.play(
        groove.find_groove(None), SourceMidi.read(drum_file(tmp_path / "a.mid", {38: "x...x..." * 2}))
    )
    assert facts["added"] != "nothing"
    assert len(arrangement.song().notes) > 16
