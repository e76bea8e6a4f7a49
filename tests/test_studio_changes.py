"""What is changed in a song by hand on the studio's page, chords that are typed, and files that are dragged out."""

from pathlib import Path

from tests.midi_files import midi_file, notes_of
from tests.studio_browser import OpenTab
from tests.studio_server import StudioServer

KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

DRAGGED = """() => new Promise((done) => addEventListener('dragstart', (event) => {
  done(event.dataTransfer.getData('DownloadURL'));
}))"""

MIDDLE_OF_NOTE = """() => {
  const { rolls } = studio;
  const height = (rolls.laneHeight - 4) / rolls.rows[2].count;
  const row = rolls.rowOf(2, rolls.song.lanes[2].notes[0][1]);
  return 62 + 3 * rolls.laneHeight - 2 - (row + 0.5) * height;
}"""
"""Of the bass' first one, from the top of the rolls."""


def test_redo_brings_back_what_undo_took_away(open_tab: OpenTab, studio: StudioServer, tmp_path: Path) -> None:
    tab = open_tab()
    song = midi_file(tmp_path / "song.mid", beats=16, instruments=("piano", "bass"))
    first = tab.open_file(song)
    tab.drag_bars((1, 2), (0, 4))
    second = tab.next_take(lambda: tab.press("Delete"))
    (tmp_path / "deleted.mid").write_bytes(studio.midi(second))
    kept = [note for note in notes_of(song) if not 4 <= note[3] < 12]
    assert notes_of(tmp_path / "deleted.mid") == kept
    assert tab.next_take(lambda: tab.page.click("#undo")) == first
    assert tab.next_take(lambda: tab.page.click("#redo")) == second
    tab.page.wait_for_selector("#redo:disabled")
    assert studio.midi(second) == (tmp_path / "deleted.mid").read_bytes()
    assert tab.next_take(lambda: tab.press("Control+z")) == first
    assert tab.next_take(lambda: tab.press("Control+Shift+z")) == second


def test_a_note_is_stretched_at_its_end(open_tab: OpenTab, studio: StudioServer, tmp_path: Path) -> None:
    tab = open_tab()
    tab.open_file(midi_file(tmp_path / "song.mid", beats=32, instruments=("piano",)))
    tab.press("e")
    y = tab.page.evaluate("() => 62 + studio.rolls.laneHeight * 2 + 30")  # the bass, which does not play

    def bass() -> list[list[int]]:
        return [note[2:4] for note in tab.page.evaluate("() => studio.rolls.song.lanes[2].notes")]

    tab.next_take(lambda: tab.drag((2, y), (21, y)))  # a beat is 22 pixels wide, and has 192 ticks
    assert bass() == [[0, 192]]
    [pitch] = tab.page.evaluate("() => studio.rolls.song.lanes[2].notes.map((note) => note[1])")
    key = f"{KEYS[pitch % 12]}{pitch // 12 - 1}"
    assert tab.page.get_attribute("#rolls", "title") == key, "what the pointer was on"
    y = tab.page.evaluate(MIDDLE_OF_NOTE)  # where the note is now, as the lanes may have another height
    tab.next_take(lambda: tab.drag((20, y), (20 + 44, y)))
    assert bass() == [[0, 3 * 192]]


def test_a_file_is_dragged_out_of_the_list(open_tab: OpenTab, studio: StudioServer, tmp_path: Path) -> None:
    tab = open_tab()
    song = midi_file(tmp_path / "song.mid", beats=8, instruments=("piano",))
    take = tab.open_file(song)
    tab.press("d")
    tab.page.evaluate(f"() => {{ window.dragged = ({DRAGGED})(); }}")
    tab.page.get_by_role("link", name="The song as MIDI").hover()
    tab.page.mouse.down()
    tab.page.mouse.move(300, 300, steps=4)
    data = tab.page.evaluate("() => window.dragged")
    tab.page.mouse.up()
    assert data == f"application/octet-stream:A Sketch.mid:{tab.server.url}api/takes/{take}/files/song.mid"
    assert studio.get(data.split(str(studio.port))[1]).body == song.read_bytes()


def test_marked_bars_are_written_to_chords_that_are_clicked_and_typed(
    open_tab: OpenTab, studio: StudioServer, tmp_path: Path
) -> None:
    tab = open_tab()
    song = midi_file(tmp_path / "song.mid", beats=32, instruments=("piano", "bass"))
    tab.open_file(song)
    tab.drag_bars((4, 5), (0, 2))
    box = tab.page.locator("#rolls").bounding_box()
    for bar, chord in ((4, "D"), (5, "G")):
        x = tab.page.evaluate("(bar) => studio.rolls.x(studio.rolls.timeline.barStart(bar)) + 6", bar)
        tab.page.mouse.click(box["x"] + x, box["y"] + 30)
        tab.page.keyboard.type(chord)
    second = tab.next_take(lambda: tab.page.click("#chords-of-mark"))
    command = tab.text("#command")
    assert "--bars 5-6" in command and "D G" in command.split("--chords ")[1]
    (tmp_path / "again.mid").write_bytes(studio.midi(second))
    changed = set(notes_of(song)) ^ set(notes_of(tmp_path / "again.mid"))
    assert changed and all(16 - 0.1 <= note[3] < 24 for note in changed)
    new = {(note[3], note[2] % 12) for note in set(notes_of(tmp_path / "again.mid")) - set(notes_of(song))}
    assert {pitch for beat, pitch in new if beat in (16, 18)} <= {2, 6, 9}, "D on the strong beats"
    assert {pitch for beat, pitch in new if beat in (20, 22)} <= {7, 11, 2}, "G"
