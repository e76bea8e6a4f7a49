// The pointer in the rolls: marks bars, moves the playhead, sets the loop; with "Edit notes" it draws and moves notes.

import { RULER } from "./rolls.js";
import { range } from "./timeline.js";
import { newVelocity, showVelocity } from "./velocity.js";

const KEYS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const [SECTIONS, NUMBERS] = [20, 40]; // the ruler's rows end here: sections, chords; then the numbers of bars

const keyName = (lane, pitch) => (lane.is_drum ? `Drum ${pitch}` : `${KEYS[pitch % 12]}${Math.floor(pitch / 12) - 1}`);

export class Editor {
  // on: { mark(mark), beginMark(besides), toggleLane(lane), seek(tick), loop(bars), chart(bar, section), edit({ remove, add }) }
  constructor(rolls, on) {
    this.rolls = rolls;
    this.on = on;
    this.drawing = false;
    const canvas = rolls.canvas;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", () => this.#up());
    canvas.addEventListener("pointercancel", () => this.#cancel());
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  toggleDrawing() {
    this.drawing = !this.drawing;
    this.rolls.selected = -1;
    this.rolls.draw();
    showVelocity(this.drawing);
    return this.drawing;
  }

  #wheel(event) {
    const { rolls } = this;
    if (event.ctrlKey) {
      event.preventDefault();
      rolls.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.offsetX);
    } else if (event.deltaX || event.shiftKey) {
      event.preventDefault();
      rolls.scroller.scrollLeft += event.deltaX || event.deltaY;
    }
  }

  #down(event) {
    if (event.button !== 0 || !this.rolls.song) return;
    const { rolls } = this;
    const [x, y] = [event.offsetX, event.offsetY];
    const bar = rolls.timeline.barAt(rolls.tick(x));
    rolls.canvas.setPointerCapture(event.pointerId);
    if (y < RULER) this.drag = { kind: "ruler", x, y, tick: rolls.tick(x), bar };
    else if (this.drawing) this.#beginNote(event, x, y);
    else {
      const besides = event.ctrlKey || event.metaKey;
      if (besides && rolls.mark && rolls.mark.first <= bar && bar <= rolls.mark.last) {
        this.on.toggleLane(rolls.lane(y));
        return;
      }
      this.on.beginMark(besides);
      this.drag = { kind: "mark", bar, lane: rolls.lane(y), x, y };
    }
    if (this.drag?.kind === "mark") this.#mark(bar, rolls.lane(y));
  }

  // A grid of a quarter of a beat; a third with Shift.
  #snap(tick, event) {
    const grid = this.rolls.song.ticks_per_beat / (event.shiftKey ? 3 : 4);
    return Math.round(Math.floor(tick / grid + 0.001) * grid);
  }

  #beginNote(event, x, y) {
    const { rolls } = this;
    const lane = rolls.lane(y);
    const name = rolls.song.lanes[lane].name;
    if (name === "others" || rolls.locked(lane)) return;
    const hit = rolls.noteAt(x, y);
    const grid = rolls.song.ticks_per_beat / (event.shiftKey ? 3 : 4);
    if (hit && (event.altKey || event.detail === 2)) {
      this.on.edit({ remove: [hit.note[0]], add: [] });
      return;
    }
    const [number, pitch, start, length, velocity] = hit ? hit.note : [-1, rolls.pitch(y), this.#snap(rolls.tick(x), event), grid, newVelocity()];
    const kind = !hit || hit.atEnd ? "stretch" : "move";
    this.drag = { kind, number, lane, name, pitch, start, length, velocity, at: rolls.tick(x), grid, moved: !hit };
    rolls.hidden = number;
    rolls.ghost = { lane, pitch, start, length };
    rolls.draw();
  }

  #move(event) {
    const { rolls, drag } = this;
    if (!rolls.song) return;
    const [x, y] = [event.offsetX, event.offsetY];
    if (!drag) {
      this.#cursor(x, y, event);
      return;
    }
    const tick = rolls.tick(x);
    if (drag.kind === "mark") this.#mark(rolls.timeline.barAt(tick), rolls.lane(y));
    else if (drag.kind === "ruler") {
      if (Math.abs(x - drag.x) < 6) return;
      const bar = rolls.timeline.barAt(tick);
      const [first, last] = [Math.min(bar, drag.bar), Math.max(bar, drag.bar)];
      drag.loop = [first, last + 1];
      rolls.loop = drag.loop;
      rolls.draw();
    } else {
      if (Math.abs(tick - drag.at) * rolls.scale > 3) drag.moved = true;
      if (drag.kind === "move") {
        rolls.ghost.start = Math.max(drag.start + Math.round((tick - drag.at) / drag.grid) * drag.grid, 0);
        if (rolls.lane(y) === drag.lane) rolls.ghost.pitch = rolls.pitch(y);
        if (rolls.ghost.pitch !== drag.pitch) drag.moved = true;
      } else {
        rolls.ghost.length = Math.max(Math.ceil((tick - drag.start) / drag.grid) * drag.grid, drag.grid);
      }
      rolls.draw();
    }
  }

  #cursor(x, y, event) {
    const { rolls } = this;
    let [cursor, title] = ["cell", ""];
    if (y < RULER) cursor = "pointer";
    else if (this.drawing) {
      const hit = rolls.noteAt(x, y);
      title = keyName(rolls.song.lanes[rolls.lane(y)], rolls.pitch(y));
      cursor = !hit ? "crosshair" : event.altKey ? "not-allowed" : hit.atEnd ? "ew-resize" : "move";
    }
    rolls.canvas.style.cursor = cursor;
    rolls.canvas.title = title;
  }

  #mark(bar, lane) {
    const { drag } = this;
    this.on.mark({
      first: Math.min(bar, drag.bar),
      last: Math.max(bar, drag.bar),
      lanes: range(lane, drag.lane),
    });
  }

  #up() {
    const { rolls, drag } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.kind === "ruler") {
      if (drag.loop) this.on.loop(drag.loop);
      else if (drag.y < NUMBERS) this.on.chart(drag.bar, drag.y < SECTIONS);
      else this.on.seek(drag.tick);
    } else if (drag.kind !== "mark") {
      const { pitch, start, length } = rolls.ghost;
      rolls.ghost = null;
      rolls.hidden = -1;
      const note = { instrument: drag.name, pitch, start: Math.round(start), length: Math.round(length), velocity: drag.velocity };
      rolls.selected = drag.moved ? -1 : drag.number;
      if (drag.moved) this.on.edit({ remove: drag.number < 0 ? [] : [drag.number], add: [note] });
      showVelocity(true);
      rolls.draw();
    }
  }

  #cancel() {
    this.drag = null;
    this.rolls.ghost = null;
    this.rolls.hidden = -1;
    this.rolls.draw();
  }
}
