"""The studio's page in a real browser; skipped where there is none."""

from pathlib import Path

from tests.midi_files import midi_file, notes_of
from tests.studio_browser import OpenTab
from tests.studio_server import StudioServer

CANCEL = """() => new Promise((done) => {
  const began = performance.now();
  const button = document.getElementById('cancel');
  const seen = new MutationObserver(() => {
    if (!button.hidden) return;
    seen.disconnect();
    done((performance.now() - began) / 1000);
  });
  seen.observe(button, { attributes: true });
  button.click();
})"""
"""Seconds from the click until the page can write again."""

PLAYS_WHILE_WRITTEN = """() => studio.isBusy() && studio.rolls.song?.take === null && studio.player.position() > 0
  && document.getElementById('show-downloads').disabled"""
"""A song may begin softly, or with rests, so that it is heard later."""

COUNT_STARTS = """() => {
  studio.starts = 0;
  studio.player.addEventListener('change', () => { studio.starts += studio.player.playing; });
}"""

BAR = "() => studio.rolls.timeline.barAt(studio.rolls.timeline.tickAt(studio.player.position()))"

NOTE_OF_STRINGS = """() => {
  const { song, rows, scale, laneHeight } = studio.rolls;
  const [, pitch, start, length] = song.lanes[3].notes[0];
  const row = (rows[3].of(pitch) + 0.5) * (laneHeight - 4) / rows[3].count;
  return [studio.rolls.x(start) + length * scale / 2 - 1, 62 + laneHeight * 4 - 2 - row];
}"""
"""Where the only note of the strings is drawn."""


def test_songs_are_told_apart_blindly_and_the_vote_is_kept(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    studio.drop(midi_file(tmp_path / "song.mid", beats=80, instruments=("piano", "drums")))
    tab = open_tab(studio, "blind", "() => window.blind")
    tab.page.click("#begin")
    tab.until("() => blind.player.level() > 0.01")
    tab.press("b")
    tab.page.wait_for_selector("#hear-b[aria-pressed=true]")
    for name, value in (("better", "b"), ("real", "a")):
        tab.page.check(f"input[name={name}][value={value}]")
    tab.page.click("#vote")
    tab.page.wait_for_selector("#votes tr")
    assert "song.mid" in tab.text("#votes tr >> nth=0") and "vaemusic generate" in tab.text("#votes tr >> nth=0")
    assert tab.page.is_disabled("#vote")


def test_a_new_song_is_heard_after_one_click(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.page.fill("#bars", "8")
    tab.next_take(lambda: tab.page.click("#new"))
    tab.until("() => studio.player.level() > 0.01")
    tab.until("() => studio.player.position() > 1")
    assert tab.page.evaluate("() => studio.player.playing")
    tab.page.click("#play")
    tab.until("() => studio.player.context.state === 'suspended'")  # the loudspeaker is let go
    tab.page.click("#play")
    tab.until("() => studio.player.context.state === 'running' && studio.player.position() > 1.2")


def test_a_long_song_is_heard_while_it_is_written_and_goes_on_without_a_gap(
    open_tab: OpenTab, studio: StudioServer
) -> None:
    tab = open_tab()
    tab.page.fill("#bars", "96")
    tab.page.evaluate(COUNT_STARTS)
    tab.page.click("#new")
    tab.until(PLAYS_WHILE_WRITTEN)
    tab.until("() => !studio.isBusy() && studio.rolls.song.take !== null")
    tab.until("() => studio.player.playing && studio.player.level() > 0.01")
    assert tab.page.evaluate("() => studio.starts") == 1, "not again with each part that is written"
    assert f"-o {tab.take:04}.mid" in tab.text("#command")
    assert tab.page.is_enabled("#show-downloads")
    song = studio.get(f"/api/takes/{tab.take}").json
    assert song["written"] == song["ticks"]


def test_cancel_stops_the_work_within_a_second_and_leaves_the_page_as_it_was(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab()
    take = tab.open_file(midi_file(tmp_path / "song.mid", instruments=("piano",)))
    tab.page.fill("#bars", "400")
    tab.page.click("#new")
    tab.until("() => studio.rolls.song.take === null")
    assert tab.page.evaluate(CANCEL) < 1
    tab.until_text("#status", "Cancelled. Nothing was changed.")
    tab.until_take(take)
    assert not tab.page.evaluate("() => studio.player.playing")
    state = studio.get("/api/state").json
    assert (state["current"], state["job"]) == (take, None)


def test_marked_bars_are_written_again_and_undo_brings_the_song_back(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab()
    song = midi_file(tmp_path / "song.mid", beats=80, instruments=("piano", "guitar", "bass", "drums"))
    first = tab.open_file(song)
    assert studio.midi(first) == song.read_bytes()
    tab.page.get_by_role("button", name="Lock: stays note for note: piano").click()
    tab.page.evaluate("() => { studio.rolls.scroller.scrollLeft = 0; }")
    tab.drag_bars((8, 15), (0, 4))
    tab.until_text("#mark-text", "Bars 9–16: guitar, bass, strings, drums.")
    box = tab.page.locator("#rolls").bounding_box()
    x = tab.page.evaluate("() => studio.rolls.x(studio.rolls.timeline.barStart(8)) + 10")
    for marked in ("guitar, bass, strings", "guitar, bass, strings, drums"):
        tab.page.keyboard.down("Control")
        tab.page.mouse.click(box["x"] + x, box["y"] + box["height"] - 10)
        tab.page.keyboard.up("Control")
        tab.until_text("#mark-text", f"Bars 9–16: {marked}.")
    second = tab.next_take(lambda: tab.page.click("#rewrite"))
    (tmp_path / "again.mid").write_bytes(studio.midi(second))
    before, after = set(notes_of(song)), set(notes_of(tmp_path / "again.mid"))
    piano = {note for note in before if note[0] == 0}
    assert piano <= after and before != after
    assert all(32 - 0.1 <= note[3] < 64 for note in before ^ after)
    assert tab.next_take(lambda: tab.press("Control+z")) == first
    assert studio.midi(first) == song.read_bytes()


def test_parts_that_are_marked_apart_are_written_again_in_one_go(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab()
    song = midi_file(tmp_path / "song.mid", beats=64, instruments=("piano", "bass", "drums"))
    tab.open_file(song)
    tab.drag_bars((2, 3), (0, 0))
    tab.page.keyboard.down("Control")
    tab.drag_bars((6, 6), (2, 2))
    tab.page.keyboard.up("Control")
    tab.press("x")
    tab.drag_bars((8, 9), (4, 4))
    tab.until_text("#mark-text", "Bars 3–4: piano; Bar 7: bass; Bars 9–10: drums.")
    second = tab.next_take(lambda: tab.press("w"))
    (tmp_path / "again.mid").write_bytes(studio.midi(second))
    changed = set(notes_of(song)) ^ set(notes_of(tmp_path / "again.mid"))
    assert {note[0] for note in changed} >= {0, 9}
    for channel, beats in ((0, (8, 16)), (1, (24, 28)), (9, (32, 40))):
        for note in [note for note in changed if note[0] == channel]:
            assert beats[0] - 0.1 <= note[3] < beats[1], note
    assert tab.text("#command").count("vaemusic vary") == 3
    tab.drag_bars((0, 0), (0, 0))
    tab.until_text("#mark-text", "Bar 1: piano.")


def test_a_reload_keeps_the_session_and_tabs_show_the_same(open_tab: OpenTab, tmp_path: Path) -> None:
    one = open_tab()
    take = one.open_file(midi_file(tmp_path / "song.mid", instruments=("piano",)))
    one.page.reload()
    one.until_take(take)
    other = open_tab()
    other.until_take(take)
    next_take = other.next_take(
        lambda: other.open_file(midi_file(tmp_path / "other.mid", instruments=("piano",), seed=8))
    )
    one.until_take(next_take)
    one.page.click("#undo")
    other.until_take(take)


def test_what_would_write_is_disabled_while_something_is_written(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    tab.open_file(midi_file(tmp_path / "song.mid", instruments=("piano",)))
    tab.page.fill("#bars", "400")
    tab.page.click("#new")
    for button in ("new", "rewrite", "vary", "continue", "play-chart"):
        tab.page.wait_for_selector(f"#{button}:disabled", state="attached")
    tab.press("v")
    tab.until_text("#status", "Something is still being written: wait, or cancel it (Esc).")
    tab.press("Escape")
    tab.page.wait_for_selector("#vary:enabled")


def test_a_file_that_is_no_midi_is_one_message_as_text(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    hostile = tmp_path / "<script>document.title=1<script>\x1b[31m.mid"
    hostile.write_bytes(b"no song")
    tab.page.set_input_files("#file", hostile)
    tab.until("() => document.getElementById('status').textContent.includes('31m.mid is not a MIDI file.')")
    assert tab.text("#status").startswith("<script>document.title=1<script> [31m.mid is not a MIDI file.")
    assert "vaemusic studio" in tab.page.title()
    large = tmp_path / "large.mid"
    large.write_bytes(bytes(50 * 2**20))
    tab.page.set_input_files("#file", large)
    tab.until("() => document.getElementById('status').textContent.includes('larger than 8 MB')")


def test_a_file_can_be_dropped_onto_the_page(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    content = list(midi_file(tmp_path / "song.mid", instruments=("piano",), seed=12).read_bytes())
    files = tab.page.evaluate_handle(
        "(bytes) => { const data = new DataTransfer();"
        " data.items.add(new File([new Uint8Array(bytes)], 'dropped.mid')); return data; }",
        content,
    )
    tab.next_take(lambda: tab.page.dispatch_event("#editor", "drop", {"dataTransfer": files}))
    tab.press("h")
    assert "Dropped: dropped.mid" in tab.text("#history li.current")


def test_a_song_is_made_with_the_keyboard_alone(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.page.fill("#bars", "8")
    tab.page.evaluate("() => document.activeElement.blur()")
    first = tab.next_take(lambda: tab.press("n"))
    tab.until("() => studio.player.level() > 0.01")
    tab.press("Space", "Home", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown")
    tab.until_text("#mark-text", "Bars 1–2: piano, guitar.")
    second = tab.next_take(lambda: tab.press("w"))
    assert second > first
    tab.press("d")
    tab.page.keyboard.press("Tab")
    tab.page.locator("#downloads a").first.focus()
    with tab.page.expect_download() as download:
        tab.press("Enter")
    assert download.value.path().read_bytes().startswith(b"MThd")
    tab.press("Escape")
    tab.page.wait_for_selector("#downloads", state="hidden")
    assert tab.next_take(lambda: tab.press("Control+z")) == first


def test_notes_are_drawn_moved_and_deleted(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    tab.open_file(midi_file(tmp_path / "song.mid", beats=32, instruments=("piano", "drums")))
    tab.press("e")
    box = tab.page.locator("#rolls").bounding_box()
    x = tab.page.evaluate("() => studio.rolls.x(0) + 4")
    y = tab.page.evaluate("() => 62 + studio.rolls.laneHeight * 3 + 30")  # strings, which do not play yet

    def strings() -> list[list[int]]:
        return [note[1:4] for note in tab.page.evaluate("() => studio.rolls.song.lanes[3].notes")]

    tab.next_take(lambda: tab.page.mouse.click(box["x"] + x, box["y"] + y))
    [[pitch, start, length]] = strings()
    assert (start, length) == (0, 48)
    row = tab.page.evaluate(NOTE_OF_STRINGS)
    at = box["x"] + row[0], box["y"] + row[1]
    tab.page.mouse.click(*at)
    tab.until_text("#velocity-of", "of the note")
    tab.next_take(lambda: tab.page.fill("#velocity", "120"))
    assert tab.page.evaluate("() => studio.rolls.song.lanes[3].notes[0][4]") == 120
    tab.next_take(lambda: tab.drag((row[0], row[1]), (row[0] + 44, row[1])))
    [[pitch_moved, start_moved, _]] = strings()
    assert (pitch_moved, start_moved) == (pitch, 384)
    tab.page.keyboard.down("Alt")
    tab.next_take(lambda: tab.page.mouse.click(at[0] + 44, at[1]))
    tab.page.keyboard.up("Alt")
    assert strings() == []


def test_four_takes_stand_side_by_side_and_one_is_kept(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.page.fill("#bars", "4")
    tab.page.select_option("#count", "4")
    first = tab.next_take(lambda: tab.page.click("#new"))
    tab.page.wait_for_selector("#takes .take >> nth=3")
    tab.page.evaluate("() => studio.player.pause()")
    tab.page.evaluate(
        "() => studio.player.seek(studio.rolls.timeline.secondsAt(studio.rolls.timeline.barStart(2)) + 0.3)"
    )
    tab.press("l")  # bars 3 and 4, which goes on until the test ends
    assert tab.next_take(lambda: tab.press("3")) == first + 2
    assert tab.page.evaluate(BAR) == 2, "a take is heard at the bar of the one before it"
    tab.page.click("#play")
    tab.until("() => studio.player.level() > 0.01")
    assert tab.next_take(lambda: tab.page.click("#takes .take >> nth=1")) == first + 1
    assert tab.page.evaluate(f"() => studio.player.playing && ({BAR})() >= 2")
    tab.page.click("#takes .keep")
    tab.page.wait_for_selector("#takes", state="hidden")


def test_a_page_goes_on_after_its_server_was_killed_and_started_again_and_nothing_is_lost(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    def kept() -> list[object]:
        state = studio.get("/api/state").json
        return [*(state[name] for name in ("takes", "current", "undo", "mixer")), studio.midi(state["current"])]

    tab = open_tab()
    first = tab.open_file(midi_file(tmp_path / "song.mid", instruments=("piano",)))
    studio.post("/api/edit", {"take": first, "remove": [3]})
    tab.until_take(first + 1)
    before = kept()
    studio.kill()
    studio.options = ("--port", str(studio.port))
    studio.start()
    assert kept() == before
    assert tab.next_take(lambda: tab.page.click("#undo")) == first
    studio.post("/api/redo")
    tab.until_take(first + 1)  # as the server says without being asked
    tab.problems.clear()  # the browser notes that the server was away


def test_a_changed_chart_is_played_with_the_same_seed_so_the_bars_before_the_four_around_it_stay(
    open_tab: OpenTab,
) -> None:
    tab = open_tab()
    tab.page.fill("#bars", "8")
    tab.page.select_option("#genre", "funk")
    tab.page.select_option("#key", "A minor")
    tab.next_take(lambda: tab.page.click("#new"))
    tab.page.evaluate("() => studio.player.pause()")
    for control in ("#genre", "#key"):
        tab.page.select_option(control, "")
    x = tab.page.evaluate("() => studio.rolls.x(studio.rolls.timeline.barStart(6)) + 6")
    box = tab.page.locator("#rolls").bounding_box()
    tab.page.mouse.click(box["x"] + x, box["y"] + 30)
    before = tab.page.evaluate("() => studio.rolls.song.lanes.map((lane) => lane.notes.map((note) => note.slice(1)))")
    tab.page.keyboard.type("Am C")
    tab.next_take(lambda: tab.page.click("#play-chart"))
    after = tab.page.evaluate("() => studio.rolls.song.lanes.map((lane) => lane.notes.map((note) => note.slice(1)))")
    assert "Am C" in tab.page.input_value("#chart-text")
    edge = 4 * 4 * 480  # the change is in the next four bars, in which notes that are held into them may end
    for one, other in zip(before, after, strict=True):
        assert _until(edge, one) == _until(edge, other)


def _until(edge: int, notes: list[list[int]]) -> list[list[int]]:
    """What sounds before a tick, of notes (pitch, start, end, velocity)."""
    return [[pitch, start, min(end, edge), velocity] for pitch, start, end, velocity in notes if start < edge]


def test_a_song_between_takes_is_written_from_the_pad(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    for seed in (1, 2):
        tab.open_file(midi_file(tmp_path / f"{seed}.mid", beats=16, instruments=("piano", "bass"), seed=seed))
    tab.press("m")
    tab.page.focus("#pad")
    tab.next_take(lambda: tab.press("ArrowRight", "Enter"))
    assert tab.text("#command").startswith("vaemusic average ")


def test_an_attribute_of_one_instrument_is_changed_with_a_slider(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab()
    tab.open_file(midi_file(tmp_path / "song.mid", beats=32, instruments=("piano", "bass")))
    tab.press("b")
    slider = tab.page.get_by_label("velocity of piano")
    slider.focus()
    tab.press("ArrowRight", "ArrowRight")
    tab.next_take(lambda: tab.page.click("#apply-attributes"))
    assert "attributes apply" in tab.text("#command") and "piano.velocity=+1" in tab.text("#command")
    tab.until("() => [...document.querySelectorAll('#attribute-table input')].every((each) => each.value === '0')")
