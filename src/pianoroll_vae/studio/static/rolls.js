// Draws the piano rolls of a song on one canvas as wide as the window, and the ruler with bars, sections and chords.

export const RULER = 62;
const ROWS = { sections: 14, chords: 32, bars: 52 };
const DRUM_BEATS = 1 / 6;
const LEAST_ROW = 3.5; // pixels
const LEAST_NOTE = 3;
const BLACK_KEYS = [1, 3, 6, 8, 10];

function mixed(colour, other, share) {
  const parse = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  const [a, b] = [parse(colour), parse(other)];
  return `rgb(${a.map((value, i) => Math.round(value * (1 - share) + b[i] * share)).join(" ")})`;
}

// The rows of a lane: from pitch to row, from the bottom.
export function rowsOf(lane) {
  const pitches = lane.notes.map((note) => note[1]);
  if (!pitches.length) return { count: 12, of: (pitch) => pitch - 54, pitch: (row) => row + 54 };
  if (lane.is_drum) {
    const used = [...new Set(pitches)].sort((a, b) => a - b);
    const count = Math.max(used.length, 6);
    const place = new Map(used.map((pitch, row) => [pitch, row]));
    return { count, of: (pitch) => place.get(pitch) ?? 0, pitch: (row) => used[Math.min(row, used.length - 1)] };
  }
  const lowest = pitches.reduce((a, b) => Math.min(a, b)) - 2;
  const highest = pitches.reduce((a, b) => Math.max(a, b)) + 2;
  const extra = Math.max(12 - (highest - lowest), 0) >> 1;
  const first = Math.max(lowest - extra, 0);
  const count = Math.min(highest + extra, 127) - first + 1;
  return { count, of: (pitch) => pitch - first, pitch: (row) => Math.min(first + row, 127) };
}

export class Rolls {
  constructor(canvas, extent, scroller) {
    this.canvas = canvas;
    this.extent = extent;
    this.scroller = scroller;
    this.pixelsPerBeat = 22;
    this.laneHeight = 90;
    this.mark = null; // { first, last, lanes } bars from 0 and the numbers of lanes, all included
    this.cursor = 0; // lane of the keyboard
    this.loop = null; // ticks
    this.ghost = null; // a note that is being drawn or moved: { lane, pitch, start, length }
    this.hidden = -1; // the note that is being moved
    this.hover = null;
    scroller.addEventListener("scroll", () => this.draw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  load(song, timeline, locked) {
    this.song = song;
    this.timeline = timeline;
    this.locked = locked;
    this.rows = song.lanes.map(rowsOf);
    this.longest = song.lanes.map((lane) => lane.notes.reduce((most, note) => Math.max(most, note[3]), 0));
    this.resize();
  }

  resize() {
    if (!this.song) return;
    const width = this.canvas.parentElement.clientWidth;
    const height = RULER + this.song.lanes.length * this.laneHeight;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.extent.style.width = `${Math.ceil(this.song.ticks * this.scale) + 80}px`;
    this.ratio = ratio;
    this.draw();
  }

  get scale() {
    return this.pixelsPerBeat / this.song.ticks_per_beat;
  }

  get left() {
    return this.scroller.scrollLeft;
  }

  x(tick) {
    return tick * this.scale - this.left;
  }

  tick(x) {
    return Math.max((x + this.left) / this.scale, 0);
  }

  lane(y) {
    return Math.min(Math.max(Math.floor((y - RULER) / this.laneHeight), 0), this.song.lanes.length - 1);
  }

  pitch(y) {
    const lane = this.lane(y);
    const rows = this.rows[lane];
    const row = Math.floor((RULER + (lane + 1) * this.laneHeight - 2 - y) / ((this.laneHeight - 4) / rows.count));
    return rows.pitch(Math.min(Math.max(row, 0), rows.count - 1));
  }

  // The note below a point, and how near the point is to the note's end: { lane, note, atEnd }.
  noteAt(x, y) {
    if (y < RULER) return null;
    const lane = this.lane(y);
    const row = this.#row(lane, this.pitch(y));
    const at = this.tick(x);
    const least = 4 / this.scale;
    for (const note of this.song.lanes[lane].notes) {
      if (note[2] > at) break;
      const length = Math.max(this.#length(lane, note), least);
      if (this.#row(lane, note[1]) === row && at < note[2] + length) {
        return { lane, note, atEnd: (note[2] + length - at) * this.scale < Math.min(6, (length * this.scale) / 3) };
      }
    }
    return null;
  }

  #row(lane, pitch) {
    return this.rows[lane].of(pitch);
  }

  #length(lane, note) {
    return this.song.lanes[lane].is_drum ? this.song.ticks_per_beat * DRUM_BEATS : note[3];
  }

  zoom(factor, anchor = this.width / 2) {
    const tick = this.tick(anchor);
    this.pixelsPerBeat = Math.min(Math.max(this.pixelsPerBeat * factor, 2), 160);
    this.resize();
    this.scroller.scrollLeft = tick * this.scale - anchor;
    this.draw();
  }

  follow(tick) {
    const x = this.x(tick);
    if (x < 0 || x > this.width * 0.85) this.scroller.scrollLeft += x - this.width * 0.15;
  }

  draw() {
    if (!this.song || this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.#draw();
    });
  }

  #draw() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const context = this.canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    this.song.lanes.forEach((lane, index) => this.#drawRows(context, lane, index, colour));
    this.#drawLines(context, colour);
    this.#drawMark(context, colour);
    this.song.lanes.forEach((lane, index) => this.#drawNotes(context, lane, index, dark));
    this.#drawRuler(context, colour);
  }

  #drawRows(context, lane, index, colour) {
    const top = RULER + index * this.laneHeight;
    const height = (this.laneHeight - 4) / this.rows[index].count;
    const coarse = height < LEAST_ROW && !lane.is_drum; // then a line for each C says more than stripes
    context.fillStyle = colour(coarse ? "line" : "row");
    for (let row = 0; row < this.rows[index].count; row++) {
      const pitch = this.rows[index].pitch(row) % 12;
      const y = top + this.laneHeight - 2 - (row + 1) * height;
      if (coarse && pitch === 0) context.fillRect(0, y + height - 1, this.width, 1);
      else if (!coarse && (lane.is_drum ? row % 2 : BLACK_KEYS.includes(pitch))) context.fillRect(0, y, this.width, height);
    }
    context.fillStyle = colour("line");
    context.fillRect(0, top, this.width, 1);
  }

  #drawLines(context, colour) {
    const { bars, beat } = this.timeline;
    const first = this.timeline.barAt(this.tick(0));
    for (let bar = first; bar <= bars.length; bar++) {
      const start = this.timeline.barStart(bar);
      const x = this.x(start);
      if (x > this.width) break;
      context.fillStyle = colour("bar-line");
      context.fillRect(Math.round(x), RULER - 18, bar === bars.length ? 3 : 1, this.height);
      if (this.pixelsPerBeat < 9 || bar === bars.length) continue;
      context.fillStyle = colour("line");
      for (let at = start + beat; at < this.timeline.barStart(bar + 1) - 1; at += beat) {
        context.fillRect(Math.round(this.x(at)), RULER, 1, this.height);
      }
    }
  }

  #drawMark(context, colour) {
    if (this.loop) {
      context.fillStyle = colour("loop");
      const x = this.x(this.loop[0]);
      context.fillRect(x, RULER - 20, this.x(this.loop[1]) - x, 20);
    }
    if (!this.mark) return;
    const x = this.x(this.timeline.barStart(this.mark.first));
    const width = this.x(this.timeline.barStart(this.mark.last + 1)) - x;
    for (const lane of this.mark.lanes) {
      context.globalAlpha = this.locked(lane) ? 0.3 : 1;
      context.fillStyle = colour("mark");
      context.fillRect(x, RULER + lane * this.laneHeight + 1, width, this.laneHeight - 1);
      context.strokeStyle = colour("accent");
      context.lineWidth = 1.5;
      context.strokeRect(x + 1, RULER + lane * this.laneHeight + 2, width - 2, this.laneHeight - 4);
    }
    context.globalAlpha = 1;
  }

  #drawNotes(context, lane, index, dark) {
    const height = (this.laneHeight - 4) / this.rows[index].count;
    const bottom = RULER + (index + 1) * this.laneHeight - 2;
    const from = this.tick(0);
    const to = this.tick(this.width);
    const colours = [0, 1, 2, 3].map((step) =>
      dark ? mixed(lightened(lane.colour), "#1e2125", 0.42 - step * 0.14) : mixed(lane.colour, "#ffffff", 0.48 - step * 0.16),
    );
    for (let i = this.#firstAfter(lane.notes, from - this.longest[index]); i < lane.notes.length; i++) {
      const note = lane.notes[i];
      if (note[2] > to) break;
      if (note[0] === this.hidden) continue;
      const x = this.x(note[2]);
      const width = Math.max(this.#length(index, note) * this.scale - 1, 2);
      if (x + width < 0) continue;
      context.fillStyle = colours[Math.min(note[4] >> 5, 3)];
      context.fillRect(x, bottom - (this.#row(index, note[1]) + 1) * height, width, Math.max(height - 0.6, LEAST_NOTE));
    }
    if (this.ghost && this.ghost.lane === index) {
      const { pitch, start, length } = this.ghost;
      context.fillStyle = colours[3];
      context.globalAlpha = 0.75;
      const y = bottom - (this.#row(index, pitch) + 1) * height;
      context.fillRect(this.x(start), y, Math.max(length * this.scale - 1, 2), Math.max(height - 0.6, LEAST_NOTE));
      context.globalAlpha = 1;
    }
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

  #drawRuler(context, colour) {
    const text = (words, x, y, font, fill) => {
      context.font = font;
      context.fillStyle = fill;
      context.fillText(words, x, y);
    };
    const family = getComputedStyle(document.body).fontFamily;
    const place = (marks, y, font, fill, prefix = 0) => {
      let free = -Infinity;
      for (const [tick, words] of marks) {
        const x = this.x(tick) + prefix;
        if (x > this.width) break;
        context.font = font;
        const width = context.measureText(words).width + 6;
        if (x < free || x + width < 0) continue;
        text(words, x, y, font, fill);
        free = x + width;
      }
    };
    place(this.song.sections, ROWS.sections, `600 12px ${family}`, colour("text"), 3);
    place(this.song.chords, ROWS.chords, `12px ${family}`, colour("accent"), 3);
    const barWidth = this.pixelsPerBeat * ((this.timeline.bars[1] ?? this.song.ticks) / this.song.ticks_per_beat || 4);
    const every = [1, 2, 4, 8, 16, 32, 64].find((count) => count * barWidth > 30) || 128;
    const numbers = this.timeline.bars.map((tick, bar) => [tick, String(bar + 1)]).filter((_, bar) => bar % every === 0);
    place(numbers, ROWS.bars, `11px ${family}`, colour("faint"), 3);
  }
}

// A lane's colour, lighter where it would vanish on a dark page.
export function lightened(colour) {
  const parts = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  const lightness = (0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2]) / 255;
  if (lightness > 0.45) return colour;
  return `#${parts.map((value) => Math.round(value + (255 - value) * (0.5 - lightness * 0.6)).toString(16).padStart(2, "0")).join("")}`;
}
