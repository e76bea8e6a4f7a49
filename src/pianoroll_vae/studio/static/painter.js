// Paints the piano rolls and the ruler. What a scroll or an edit changes is painted on a canvas of its own, so that marks,
// the loop and a note that is being moved cost one copy of it.

import { theme } from "./dom.js";
import { RULER } from "./rolls.js";

const ROWS = { sections: 14, chords: 32, bars: 52 };
const LEAST_ROW = 3.5; // pixels
const LEAST_NOTE = 3;
const WIDEST = 300; // of a section's name
const BLACK_KEYS = [1, 3, 6, 8, 10];
const QUIET = 0.25; // how strong the notes of a lane that is not heard are
const COLOURS = ["row", "line", "bar-line", "loop", "mark", "accent", "text", "faint"];

function mixed(colour, other, share) {
  const parse = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  const [a, b] = [parse(colour), parse(other)];
  return `rgb(${a.map((value, i) => Math.round(value * (1 - share) + b[i] * share)).join(" ")})`;
}

export class Painter {
  constructor(rolls) {
    this.rolls = rolls;
    this.base = document.createElement("canvas");
    theme.addEventListener("change", () => this.#readColours());
    this.#readColours();
  }

  #readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.family = getComputedStyle(document.body).fontFamily;
    this.painted = null;
  }

  paint() {
    const { rolls } = this;
    this.left = rolls.left; // asked of the page once
    this.scale = rolls.scale;
    const view = [rolls.song, this.left, this.scale, rolls.laneHeight, rolls.width, rolls.ratio, rolls.hidden, this.#heard().join()];
    if (!this.painted || view.some((value, i) => value !== this.painted[i])) this.#paintBase();
    this.painted = view;
    const context = rolls.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, rolls.canvas.width, rolls.canvas.height);
    context.drawImage(this.base, 0, 0);
    context.setTransform(rolls.ratio, 0, 0, rolls.ratio, 0, 0);
    this.#paintMark(context);
    this.#paintMoved(context);
  }

  #heard() {
    return this.rolls.song.lanes.map((_, lane) => this.rolls.heard(lane));
  }

  #x(tick) {
    return tick * this.scale - this.left;
  }

  #paintBase() {
    const { rolls, base } = this;
    [base.width, base.height] = [rolls.canvas.width, rolls.canvas.height];
    const context = base.getContext("2d");
    context.setTransform(rolls.ratio, 0, 0, rolls.ratio, 0, 0);
    rolls.song.lanes.forEach((lane, index) => this.#paintRows(context, lane, index));
    this.#paintLines(context);
    rolls.song.lanes.forEach((lane, index) => this.#paintNotes(context, lane, index));
    this.#paintRuler(context);
  }

  #paintRows(context, lane, index) {
    const { rolls } = this;
    const top = RULER + index * rolls.laneHeight;
    const height = (rolls.laneHeight - 4) / rolls.rows[index].count;
    const coarse = height < LEAST_ROW && !lane.is_drum; // then a line for each C says more than stripes
    context.fillStyle = coarse ? this.colours.line : this.colours.row;
    for (let row = 0; row < rolls.rows[index].count; row++) {
      const pitch = rolls.rows[index].pitch(row) % 12;
      const y = top + rolls.laneHeight - 2 - (row + 1) * height;
      if (coarse && pitch === 0) context.fillRect(0, y + height - 1, rolls.width, 1);
      else if (!coarse && (lane.is_drum ? row % 2 : BLACK_KEYS.includes(pitch))) context.fillRect(0, y, rolls.width, height);
    }
    context.fillStyle = this.colours.line;
    context.fillRect(0, top, rolls.width, 1);
  }

  #paintLines(context) {
    const { rolls } = this;
    const { bars, beat } = rolls.timeline;
    const first = rolls.timeline.barAt(rolls.tick(0));
    for (let bar = first; bar <= bars.length; bar++) {
      const start = rolls.timeline.barStart(bar);
      const x = this.#x(start);
      if (x > rolls.width) break;
      context.fillStyle = this.colours["bar-line"];
      context.fillRect(Math.round(x), RULER - 18, bar === bars.length ? 3 : 1, rolls.height);
      if (rolls.pixelsPerBeat < 9 || bar === bars.length) continue;
      context.fillStyle = this.colours.line;
      for (let at = start + beat; at < rolls.timeline.barStart(bar + 1) - 1; at += beat) {
        context.fillRect(Math.round(this.#x(at)), RULER, 1, rolls.height);
      }
    }
  }

  #paintMark(context) {
    const { rolls } = this;
    if (rolls.loop) {
      context.fillStyle = this.colours.loop;
      const [from, to] = rolls.loop.map((bar) => this.#x(rolls.timeline.barStart(bar)));
      context.fillRect(from, RULER - 20, to - from, 20);
    }
    for (const mark of [...rolls.otherMarks, ...(rolls.mark ? [rolls.mark] : [])]) this.#paintBars(context, mark);
  }

  #paintBars(context, mark) {
    const { rolls } = this;
    const x = this.#x(rolls.timeline.barStart(mark.first));
    const width = this.#x(rolls.timeline.barStart(mark.last + 1)) - x;
    for (const lane of mark.lanes) {
      context.globalAlpha = rolls.locked(lane) ? 0.3 : 1;
      context.fillStyle = this.colours.mark;
      context.fillRect(x, RULER + lane * rolls.laneHeight + 1, width, rolls.laneHeight - 1);
      context.strokeStyle = this.colours.accent;
      context.lineWidth = 1.5;
      context.strokeRect(x + 1, RULER + lane * rolls.laneHeight + 2, width - 2, rolls.laneHeight - 4);
    }
    context.globalAlpha = 1;
  }

  #paintNotes(context, lane, index) {
    const { rolls } = this;
    const height = (rolls.laneHeight - 4) / rolls.rows[index].count;
    const bottom = RULER + (index + 1) * rolls.laneHeight - 2;
    const from = rolls.tick(0);
    const to = rolls.tick(rolls.width);
    const colours = this.#shades(lane);
    context.globalAlpha = rolls.heard(index) ? 1 : QUIET;
    for (let i = this.#firstAfter(lane.notes, from - rolls.longest[index]); i < lane.notes.length; i++) {
      const note = lane.notes[i];
      if (note[2] > to) break;
      if (note[0] === rolls.hidden) continue;
      const x = this.#x(note[2]);
      const width = Math.max(rolls.lengthOf(index, note) * this.scale - 1, 2);
      if (x + width < 0) continue;
      context.fillStyle = colours[Math.min(note[4] >> 5, 3)];
      context.fillRect(x, bottom - (rolls.rowOf(index, note[1]) + 1) * height, width, Math.max(height - 0.6, LEAST_NOTE));
    }
    context.globalAlpha = 1;
  }

  // The colours of soft to loud notes.
  #shades(lane) {
    return [0, 1, 2, 3].map((step) =>
      theme.matches ? mixed(lightened(lane.colour), "#1e2125", 0.42 - step * 0.14) : mixed(lane.colour, "#ffffff", 0.48 - step * 0.16),
    );
  }

  // The note that is being drawn or moved, and a frame around the one that was clicked.
  #paintMoved(context) {
    const { rolls } = this;
    const box = (lane, pitch, start, length) => {
      const height = (rolls.laneHeight - 4) / rolls.rows[lane].count;
      const y = RULER + (lane + 1) * rolls.laneHeight - 2 - (rolls.rowOf(lane, pitch) + 1) * height;
      return [this.#x(start), y, Math.max(length * this.scale - 1, 2), Math.max(height - 0.6, LEAST_NOTE)];
    };
    if (rolls.ghost) {
      const { lane, pitch, start, length } = rolls.ghost;
      context.fillStyle = this.#shades(rolls.song.lanes[lane])[3];
      context.globalAlpha = 0.75;
      context.fillRect(...box(lane, pitch, start, length));
      context.globalAlpha = 1;
    }
    if (rolls.selected < 0) return;
    rolls.song.lanes.forEach((lane, index) => {
      const note = lane.notes.find((each) => each[0] === rolls.selected);
      if (!note) return;
      const [x, y, width, height] = box(index, note[1], note[2], rolls.lengthOf(index, note));
      context.strokeStyle = this.colours.text;
      context.lineWidth = 1.5;
      context.strokeRect(x - 1, y - 1, width + 2, height + 2);
    });
  }

  #firstAfter(notes, tick) {
    let low = 0;
    let high = notes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (notes[middle][2] < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #paintRuler(context) {
    const { rolls } = this;
    const text = (words, x, y, font, fill) => {
      context.font = font;
      context.fillStyle = fill;
      context.fillText(words, x, y);
    };
    const { family } = this;
    const place = (marks, y, font, fill, prefix = 0) => {
      let free = -Infinity;
      for (const [tick, words] of marks) {
        const x = this.#x(tick) + prefix;
        if (x < -WIDEST) continue;
        if (x > rolls.width) break;
        context.font = font;
        const width = context.measureText(words).width + 6;
        if (x < free || x + width < 0) continue;
        text(words, x, y, font, fill);
        free = x + width;
      }
    };
    place(rolls.song.sections, ROWS.sections, `600 12px ${family}`, this.colours.text, 3);
    place(rolls.song.chords, ROWS.chords, `12px ${family}`, this.colours.accent, 3);
    const barWidth = rolls.pixelsPerBeat * ((rolls.timeline.bars[1] ?? rolls.song.ticks) / rolls.song.ticks_per_beat || 4);
    const every = [1, 2, 4, 8, 16, 32, 64].find((count) => count * barWidth > 30) || 128;
    const numbers = rolls.timeline.bars.map((tick, bar) => [tick, String(bar + 1)]).filter((_, bar) => bar % every === 0);
    place(numbers, ROWS.bars, `11px ${family}`, this.colours.faint, 3);
  }
}

// A lane's colour on the page as it is now.
export function laneColour({ colour }) {
  return theme.matches ? lightened(colour) : colour;
}

// Lighter where it would vanish on a dark page.
function lightened(colour) {
  const parts = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  const lightness = (0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2]) / 255;
  if (lightness > 0.45) return colour;
  return `#${parts.map((value) => Math.round(value + (255 - value) * (0.5 - lightness * 0.6)).toString(16).padStart(2, "0")).join("")}`;
}
