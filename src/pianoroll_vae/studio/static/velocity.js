// The velocity slider while notes are edited: of the note that was clicked, else of the marked notes, else of new notes.

import { $ } from "./dom.js";
import { markedNotes } from "./marks.js";
import { rolls, shown } from "./shown.js";

const LOUDEST = 127;
let ofNewNotes = 90;

export const newVelocity = () => ofNewNotes;

function chosenNotes() {
  if (!shown.song) return [];
  const notes = shown.song.lanes.flatMap((lane) => lane.notes);
  const selected = notes.filter((note) => note[0] === rolls.selected);
  if (selected.length) return selected;
  const marked = new Set(markedNotes());
  return notes.filter((note) => marked.has(note[0]));
}

function mean(notes) {
  return notes.reduce((sum, note) => sum + note[4], 0) / notes.length;
}

export function showVelocity(drawing) {
  $("velocities").hidden = !drawing;
  if (!drawing) return;
  const notes = chosenNotes();
  const value = notes.length ? Math.round(mean(notes)) : ofNewNotes;
  const selected = notes.length === 1 && notes[0][0] === rolls.selected;
  $("velocity-of").textContent = selected ? "of the note" : notes.length ? "of the marked notes (mean)" : "of new notes";
  $("velocity").value = String(value);
  $("velocity-value").textContent = String(value);
}

// edit({ velocities }) changes a song. Marked notes keep their proportions.
export function bindVelocity(edit) {
  $("velocity").addEventListener("input", () => ($("velocity-value").textContent = $("velocity").value));
  $("velocity").addEventListener("change", () => {
    const value = Number($("velocity").value);
    const notes = chosenNotes();
    if (!notes.length) ofNewNotes = value;
    const factor = notes.length ? value / mean(notes) : 1;
    const velocities = notes.map((note) => [note[0], Math.min(Math.max(Math.round(note[4] * factor), 1), LOUDEST)]);
    if (velocities.length) edit({ velocities });
  });
}
