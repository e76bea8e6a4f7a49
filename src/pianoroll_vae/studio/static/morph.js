// The morph pad: takes in the corners, and a song between them wherever the point is put.

import { $ } from "./dom.js";
import { fillDrawer } from "./drawers.js";

const CORNERS = ["corner-a", "corner-b", "corner-c", "corner-d"];
const STEP = 0.1;

export class Morph {
  // onMorph(takes, weights) is called when the point is let go.
  constructor(onMorph) {
    this.onMorph = onMorph;
    this.point = [0.5, 0.5];
    this.used = false; // until then the corners have the newest takes
    for (const id of CORNERS) $(id).addEventListener("change", () => (this.used = true));
    const pad = $("pad");
    const move = (event) => {
      const box = pad.getBoundingClientRect();
      this.#put((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      this.dragging = true;
      move(event);
    });
    pad.addEventListener("pointermove", (event) => this.dragging && move(event));
    pad.addEventListener("pointerup", () => {
      this.dragging = false;
      this.ask();
    });
    pad.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
      if (by) this.#put(this.point[0] + by[0], this.point[1] + by[1]);
      else if (event.key === "Enter") this.ask();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#put(0.5, 0.5);
  }

  load(takes) {
    fillDrawer("morph", () => this.#fill(takes));
  }

  #fill(takes) {
    const numbers = takes.map((take) => String(take.number));
    CORNERS.forEach((id, corner) => {
      const old = $(id).value;
      $(id).replaceChildren(new Option("–", ""), ...takes.map((take) => new Option(`${take.number} ${take.label}`, take.number)));
      $(id).value = this.used && (!old || numbers.includes(old)) ? old : numbers[numbers.length - 1 - corner] || "";
    });
  }

  #put(x, y) {
    this.point = [x, y].map((value) => Math.round(Math.min(Math.max(value, 0), 1) * 100) / 100);
    $("point").style.left = `${this.point[0] * 100}%`;
    $("point").style.top = `${this.point[1] * 100}%`;
    $("pad").setAttribute("aria-valuetext", `${Math.round(this.point[0] * 100)} % to the right, ${Math.round(this.point[1] * 100)} % down`);
  }

  // The takes of the corners that are chosen, and their weights.
  ask() {
    const [x, y] = this.point;
    const weights = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
    const chosen = CORNERS.map((id, corner) => [Number($(id).value), weights[corner]]).filter(([take, weight]) => take && weight > 0.004);
    if (chosen.length === 1) chosen.push([chosen[0][0], 0.001]);
    this.used = true;
    if (chosen.length) this.onMorph(chosen.map(([take]) => take), chosen.map(([, weight]) => Math.round(weight * 1000) / 1000));
  }
}
