// Takes that were written at once, side by side: hear each at the same bar, keep one.

import { $, element, pressed } from "./dom.js";
import { laneColour } from "./painter.js";

export const LETTERS = "ABCD";

// " · A" for the first of several takes that were written at once.
export function letterOf(take, takes) {
  const alone = takes.filter((each) => each.group === take.group).length < 2;
  return alone ? "" : ` · ${LETTERS[take.number - take.group]}`;
}

// The value of an option in a command line; undefined where it is not there.
export function optionOf(command, name) {
  return command.match(new RegExp(`--${name} ('[^']*'|\\S+)`))?.[1].replaceAll("'", "");
}

// songs: those of the group, in order; onHear(number) makes one current, onKeep() closes the row; asked: the key that they
// were asked for, as the one that is read from notes may be its relative.
export function showTakes(songs, current, onHear, onKeep, asked = "") {
  const row = $("takes");
  row.hidden = songs.length < 2;
  const buttons = songs.map((song, index) => {
    const picture = element("canvas", { width: 480, height: 108, "aria-hidden": "true" });
    drawSmall(picture, song);
    const text = `Take ${LETTERS[index]} · ${asked || song.key || "no key"} · ${song.bars.length} ${song.bars.length === 1 ? "bar" : "bars"}`;
    const hear = () => onHear(song.take);
    const button = element("button", { className: "take", title: `Hear take ${LETTERS[index]} (${index + 1})`, onclick: hear });
    button.append(text, picture);
    pressed(button, song.take === current);
    return button;
  });
  const keep = element("button", { className: "keep primary", textContent: "Keep this one", onclick: onKeep });
  row.replaceChildren(...buttons, keep);
}

function drawSmall(canvas, song) {
  const context = canvas.getContext("2d");
  const height = canvas.height / song.lanes.length;
  song.lanes.forEach((lane, index) => {
    context.fillStyle = laneColour(lane);
    const pitches = lane.notes.map((note) => note[1]);
    const lowest = pitches.reduce((a, b) => Math.min(a, b), 127);
    const range = Math.max(pitches.reduce((a, b) => Math.max(a, b), 0) - lowest, 11) + 1;
    for (const [, pitch, start, length] of lane.notes) {
      const y = (index + 1) * height - 2 - ((pitch - lowest + 1) / range) * (height - 4);
      const width = Math.max((length / song.ticks) * canvas.width, 1.5);
      context.fillRect((start / song.ticks) * canvas.width, y, width, Math.max((height - 4) / range, 2));
    }
  });
}
