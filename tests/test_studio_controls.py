"""What each control of the studio's page does, in a real browser: transport, mixer, changes by click, files."""

import io
import wave
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from pianoroll_vae.music.meter import clock
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import midi_file, notes_of
from tests.studio_browser import OpenTab, Tab
from tests.studio_server import StudioServer

PLAYHEAD = "() => studio.rolls.x(studio.rolls.timeline.tickAt(studio.player.position()))"
SEEK = "(bar) => studio.player.seek(studio.rolls.timeline.secondsAt(studio.rolls.timeline.barStart(bar)))"
GAINS = "() => Object.fromEntries([...studio.player.channels].map(([name, channel]) => [name, channel.gain.value]))"


PASS_OVER = """() => {
  const { player } = studio;
  const { song } = player;
  player.load({ ...song, address: '/api/passed', lanes: song.lanes.map((lane) => ({ ...lane, sounds: ['passed'] })) });
  player.load(song);
}"""
"""Show another song and the same one again."""

SECONDS_TO_SILENCE = """() => new Promise((done) => {
  const { player } = studio;
  const began = player.context.currentTime;
  const listen = () => (player.level() < 0.001 ? done(player.context.currentTime - began) : setTimeout(listen, 10));
  document.querySelector('[aria-label="Mute: bass"]').click();
  listen();
})"""
"""From the click that mutes the last instrument, by the clock of the sound."""


def notes_in(content: bytes, folder: Path) -> set[tuple[int, int, int, float, float, int]]:
    (folder / "take.mid").write_bytes(content)
    return set(notes_of(folder / "take.mid"))


def download(tab: Tab, text: str) -> bytes:
    with tab.page.expect_download() as started:
        tab.page.get_by_role("link", name=text, exact=True).click()
    return Path(started.value.path()).read_bytes()


def test_the_rolls_zoom_around_the_playhead_and_follow_it(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    path = midi_file(tmp_path / "song.mid", beats=256, instruments=("piano",), tempi=(120.0,))
    tab.open_file(path)
    tab.drag_bars((7, 7), (0, 0), ruler=True)  # a click on the number
    assert clock(SourceMidi.read(path).song.seconds) == "2:08", "which a clock that cuts seconds off shows as 2:07"
    tab.until_text("#position", "bar 8 · 0:14 / 2:08")
    before = tab.page.evaluate(PLAYHEAD)
    for button, width in (("in", 22 * 1.4), ("in", 22 * 1.4**2), ("out", 22 * 1.4)):
        tab.page.click(f"#zoom-{button}")
        tab.until("(width) => Math.abs(studio.rolls.pixelsPerBeat - width) < 0.01", width)
        tab.until(f"(before) => Math.abs(({PLAYHEAD})() - before) <= 1", before)
    tab.page.evaluate(SEEK, 40)
    tab.page.click("#play")
    tab.until("() => studio.player.position() > 80.2 && studio.rolls.left > 0")
    tab.until(f"() => ({PLAYHEAD})() >= 0 && ({PLAYHEAD})() <= studio.rolls.width * 0.85")
    tab.page.click("#follow")
    tab.page.evaluate("() => { studio.rolls.scroller.scrollLeft = 0; }")
    tab.until("(from) => studio.player.position() > from", tab.page.evaluate("() => studio.player.position() + 0.2"))
    assert tab.page.evaluate("() => studio.rolls.left") == 0


def test_bars_whose_numbers_are_dragged_are_played_in_a_loop(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    tab.open_file(midi_file(tmp_path / "song.mid", beats=32, instruments=("piano",), tempi=(120.0,)))
    tab.drag_bars((2, 3), (0, 0), ruler=True)
    tab.page.wait_for_selector("#loop[aria-pressed=true]")
    tab.page.evaluate("() => studio.player.seek(7.7)")  # bars 3 and 4 sound from second 4 to 8
    tab.page.click("#play")
    tab.until("() => studio.player.position() >= 4 && studio.player.position() < 5 && studio.player.level() > 0.01")
    tab.page.click("#loop")
    tab.page.evaluate("() => studio.player.seek(7.8)")
    tab.until("() => studio.player.position() > 8.1")


def test_the_beginning_of_a_song_that_stays_is_loaded_and_none_of_one_that_is_passed_over(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    tab = open_tab()
    tab.open_file(midi_file(tmp_path / "song.mid", beats=8, instruments=("piano",), seed=77))
    tab.page.evaluate(PASS_OVER)
    tab.until("() => studio.player.buffers.has(studio.player.song.lanes[0].sounds[0])")
    assert not [url for url in tab.requests if "/passed/" in url]


def test_mute_solo_and_volume_are_heard_at_once_and_kept(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    tab.open_file(midi_file(tmp_path / "song.mid", beats=160, instruments=("piano", "bass")))
    tab.page.click("#play")
    tab.until("() => studio.player.level() > 0.01")
    tab.page.get_by_role("button", name="Mute: piano").click()
    assert tab.page.evaluate(SECONDS_TO_SILENCE) < 1
    tab.until("(to) => studio.player.position() > to", tab.page.evaluate("() => studio.player.position() + 0.7"))
    assert tab.page.evaluate("() => studio.player.playing && studio.player.level() < 0.001")
    for name in ("piano", "bass"):
        tab.page.get_by_role("button", name=f"Mute: {name}").click()
    tab.until("() => studio.player.level() > 0.01")
    with tab.page.expect_response("**/api/mixer"):
        tab.page.get_by_role("button", name="Solo: bass").click()
    with tab.page.expect_response(lambda answer: "volume" in (answer.request.post_data or "")):
        tab.page.get_by_label("Volume: bass").fill("0.4")
    tab.until("() => studio.player.channels.get('piano').gain.value < 0.001")
    tab.until(f"(gain) => Math.abs(({GAINS})().bass - gain) < 0.02", 0.4**2 / 0.8**2)
    tab.page.reload()
    tab.until(tab.ready)
    assert tab.page.get_by_label("Volume: bass").input_value() == "0.4"
    assert tab.page.get_by_role("button", name="Solo: bass").get_attribute("aria-pressed") == "true"


def test_an_instrument_gets_another_general_midi_program(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab()
    song = midi_file(tmp_path / "song.mid", beats=16, instruments=("piano", "bass"))
    first = tab.open_file(song)
    program = tab.page.get_by_label("Program: piano")
    second = tab.next_take(lambda: program.select_option(label="2 Electric Grand Piano"))
    before, after = set(notes_of(song)), notes_in(studio.midi(second), tmp_path)
    assert after == {(channel, 2 if channel == 0 else old, *rest) for channel, old, *rest in before}
    assert tab.next_take(lambda: tab.press("Control+z")) == first
    assert studio.midi(first) == song.read_bytes()
    assert program.input_value() == "4"
    tab.page.click("#show-history")
    assert tab.next_take(lambda: tab.page.click("#history li >> nth=0 >> button")) == second
    assert program.input_value() == "2"


def test_a_program_of_another_instrument_moves_the_part_to_its_lane_as_the_list_says(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    tab = open_tab()
    tab.open_file(midi_file(tmp_path / "song.mid", beats=16, instruments=("piano", "bass")))
    program = tab.page.get_by_label("Program: piano")
    groups = program.locator("optgroup").evaluate_all("(groups) => groups.map((group) => group.label)")
    assert groups == ["piano", "moves to guitar", "moves to bass", "moves to strings"]
    before = tab.page.evaluate("() => studio.rolls.song.lanes.map((lane) => lane.notes.length)")
    tab.next_take(lambda: program.select_option(label="19 Church Organ"))
    after = tab.page.evaluate("() => studio.rolls.song.lanes.map((lane) => lane.notes.length)")
    assert before == [16, 0, 16, 0, 0] and after == [0, 0, 16, 16, 0]
    assert tab.page.get_by_label("Program: strings").input_value() == "19"


def test_marked_bars_are_varied_accompanied_and_continued_by_click(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab()
    song = midi_file(tmp_path / "song.mid", beats=32, instruments=("piano", "bass", "drums"))
    tab.open_file(song)
    tab.drag_bars((4, 5), (0, 4))
    tab.page.fill("#amount", "0.9")
    take = tab.next_take(lambda: tab.page.click("#vary"))
    assert tab.text("#command").startswith("vaemusic vary ") and "piano=0.9" in tab.text("#command")
    varied = notes_in(studio.midi(take), tmp_path)
    assert varied != set(notes_of(song))
    assert all(16 - 0.1 <= note[3] < 24 for note in varied ^ set(notes_of(song)))

    tab.page.get_by_role("button", name="Lock: stays note for note: piano").click()
    take = tab.next_take(lambda: tab.page.click("#accompany"))
    assert tab.text("#command").startswith("vaemusic accompany ")
    accompanied = notes_in(studio.midi(take), tmp_path)
    assert accompanied != varied
    assert all(16 - 0.1 <= note[3] < 24 and note[0] != 0 for note in accompanied ^ varied)

    tab.press("Escape")
    tab.page.fill("#more", "4")
    take = tab.next_take(lambda: tab.page.click("#continue"))
    assert tab.text("#command").startswith("vaemusic continue ")
    continued = notes_in(studio.midi(take), tmp_path)
    assert accompanied <= continued
    assert {int(note[3] // 4) for note in continued - accompanied} <= {8, 9, 10, 11}
    assert tab.page.evaluate("() => studio.rolls.song.bars.length") == 12


def test_new_parts_have_the_density_that_is_chosen_for_their_instrument(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab()
    first = tab.open_file(midi_file(tmp_path / "song.mid", beats=32, instruments=("piano",)))
    tab.drag_bars((0, 7), (4, 4))
    drums, wanted = {}, {"verb": "accompany", "take": first, "instruments": ["piano", "guitar", "bass", "strings"]}
    for level in ("low", "high"):
        tab.page.get_by_label("Density: drums").select_option(level)
        tab.next_take(lambda: tab.page.click("#accompany"))
        assert f" --density drums={level} " in tab.text("#command")
        take = studio.write(**wanted, density={"drums": level}, seed=1)  # one that is the same whenever it is written
        drums[level] = sum(note[0] == 9 for note in notes_in(studio.midi(take), tmp_path))
        tab.until_take(take)
        assert tab.next_take(lambda: tab.press("Control+z")) == first
    assert 0 < drums["low"] < drums["high"]


def test_a_song_is_downloaded_as_sound_as_a_picture_and_all_of_it_as_a_zip(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab()
    song = midi_file(tmp_path / "song.mid", beats=8, instruments=("piano", "drums"), tempi=(120.0,))
    tab.open_file(song)
    tab.page.click("#show-downloads")
    with wave.open(io.BytesIO(download(tab, "The song as WAV"))) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
        assert sound.getnframes() / sound.getframerate() >= 4
    assert np.abs(samples.astype(np.int32)).max() > 1000
    picture = Image.open(io.BytesIO(download(tab, "The song as a picture"))).convert("RGB")
    assert picture.width > 500 and len(picture.getcolors(2**24) or ()) > 10
    alone = notes_in(download(tab, "piano as MIDI"), tmp_path)
    assert alone == {note for note in notes_of(song) if note[0] == 0}
    with zipfile.ZipFile(io.BytesIO(download(tab, "All files of this list as a ZIP"))) as archive:
        assert archive.testzip() is None
        assert archive.read("song.mid") == song.read_bytes()
        instruments = [f"{name}.{kind}" for name in ("piano", "drums") for kind in ("mid", "wav")]
        assert set(archive.namelist()) == {"song.mid", "song.wav", "song.png", "song.chart", *instruments}


def test_the_options_of_a_new_song_stand_in_its_command_line_which_is_copied(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.fill("#bars", "4")
    tab.page.fill("#tempo", "96")
    tab.page.fill("#noise", "0.5")
    tab.page.select_option("#key", "A minor")
    tab.page.select_option("#genre", "jazz")
    take = tab.next_take(lambda: tab.page.click("#new"))
    tab.page.click("#copy")
    tab.until_text("#status", "The command line is copied.")
    copied = tab.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == tab.text("#command")
    assert copied.startswith("vaemusic generate --bars 4 ") and copied.endswith(f" -o {take:04}.mid")
    for option in ("--key 'A minor'", "--tempo 96", "--noise 0.5", "--genre jazz"):
        assert option in copied
    tab.until("() => document.getElementById('position').textContent.endsWith('/ 0:10')")
