// The piano rolls of a song on one canvas as wide as the window, and the ruler: where everything lies, and what is marked.

import { theme } from "./dom.js";
import { Painter } from "./painter.js";
import { range } from "./timeline.js";

export const RULER = 62;
const DRUM_BEATS = 1 / 6;
const KIT = [36, 38, 42, 46, 49]; // bass drum, snare, closed and open hi-hat, crash cymbal: these can always be drawn
const LOWEST_OF_EMPTY = { bass: 33 }; // of lanes without notes
const SPARE_ROWS = 12;

// The rows of a lane, from the bottom. Those of before stay if all notes have a place in them, so that a note that is drawn
// stays where it was put.
function rowsOf(lane, before) {
  const played = lane.notes.map((note) => note[1]);
  const pitches = lane.is_drum ? [...new Set([...KIT, ...played])].sort((a, b) => a - b) : keysAround(lane.name, played);
  if (before && before.count <= pitches.length + SPARE_ROWS && played.every(before.has)) return before;
  const row = new Map(pitches.map((pitch, row) => [pitch, row]));
  return { count: pitches.length, has: (pitch) => row.has(pitch), of: (pitch) => row.get(pitch) ?? 0, pitch: (row) => pitches[row] };
}

// At least an octave, and two keys below and above the notes.
function keysAround(name, played) {
  const empty = LOWEST_OF_EMPTY[name] ?? 54;
  const lowest = played.length ? played.reduce((a, b) => Math.min(a, b)) - 2 : empty;
  const highest = played.length ? played.reduce((a, b) => Math.max(a, b)) + 2 : empty + 11;
  const extra = Math.max(11 - (highest - lowest), 0) >> 1;
  return range(Math.max(lowest - extra, 0), Math.min(highest + extra, 127));
}

export class Rolls {
  constructor(canvas, extent, scroller) {
    this.canvas = canvas;
    this.extent = extent;
    this.scroller = scroller;
    this.pixelsPerBeat = 22;
    this.laneHeight = 90;
    this.mark = null; // { first, last, lanes } bars from 0 and the numbers of lanes, all included
    this.otherMarks = []; // those that were set before it
    this.cursor = 0; // lane of the keyboard
    this.loop = null; // bars from 0: [first, the one after the last]
    this.ghost = null; // a note that is being drawn or moved: { lane, pitch, start, length }
    this.hidden = -1; // the note that is being moved
    this.selected = -1; // the note that was clicked
    this.onPaint = () => {};
    this.painter = new Painter(this);
    scroller.addEventListener("scroll", () => this.draw());
    theme.addEventListener("change", () => this.draw());
  }

  // locked(lane) and heard(lane): whether a lane must not change, and whether it is neither muted nor beside a solo.
  load(song, timeline, { locked, heard }) {
    const names = (each) => each?.lanes.map((lane) => lane.name).join();
    const sameLanes = names(song) === names(this.song);
    this.song = song;
    this.timeline = timeline;
    this.locked = locked;
    this.heard = heard;
    this.rows = song.lanes.map((lane, index) => rowsOf(lane, sameLanes ? this.rows[index] : null));
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
    const size = [Math.round(width * ratio), Math.round(height * ratio)];
    const changed = this.canvas.width !== size[0] || this.canvas.height !== size[1];
    if (changed) [this.canvas.width, this.canvas.height] = size; // which clears it
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.extent.style.width = `${Math.ceil(this.song.ticks * this.scale) + 80}px`;
    this.ratio = ratio;
    if (changed) this.#paint();
    else this.draw();
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
    const row = this.rowOf(lane, this.pitch(y));
    const at = this.tick(x);
    const least = 4 / this.scale;
    for (const note of this.song.lanes[lane].notes) {
      if (note[2] > at) break;
      const length = Math.max(this.lengthOf(lane, note), least);
      if (this.rowOf(lane, note[1]) === row && at < note[2] + length) {
        return { lane, note, atEnd: (note[2] + length - at) * this.scale < Math.min(6, (length * this.scale) / 3) };
      }
    }
    return null;
  }

  rowOf(lane, pitch) {
    return this.rows[lane].of(pitch);
  }

  lengthOf(lane, note) {
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
      this.#paint();
    });
  }

  #paint() {
    this.painter.paint();
    this.onPaint();
  }
}
