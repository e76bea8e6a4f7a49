// The heads of the lanes: mute, solo, lock, volume, program and density of each instrument.

import { $, element, pressed, theme } from "./dom.js";
import { PROGRAMS } from "./programs.js";
import { laneColour } from "./painter.js";
import { shown } from "./shown.js";

export class Lanes {
  // on: { channel(name, changes), program(name, program), mark(lane), unfold() }
  constructor(on) {
    this.on = on;
    this.heads = new Map();
    theme.addEventListener("change", () => this.#colour());
  }

  // instruments: those of the band, with the programs of each.
  load(song, mixer, instruments) {
    const names = song.lanes.map((lane) => lane.name).join();
    if (names !== this.names) {
      this.names = names;
      this.instruments = instruments;
      this.heads = new Map(song.lanes.map((lane, index) => [lane.name, this.#head(lane, index)]));
      $("lanes").replaceChildren(this.#unfold(), ...[...this.heads.values()].map((head) => head.lane));
    }
    this.lanes = song.lanes;
    this.#colour();
    for (const lane of song.lanes) {
      const head = this.heads.get(lane.name);
      if (lane.program !== null) head.program.value = String(lane.program);
    }
    this.show(mixer);
  }

  #colour() {
    for (const lane of this.lanes || []) this.heads.get(lane.name).lane.style.borderLeftColor = laneColour(lane);
  }

  show(mixer) {
    for (const [name, head] of this.heads) {
      const channel = mixer[name];
      pressed(head.mute, channel.mute);
      pressed(head.solo, channel.solo);
      if (head.locked) pressed(head.locked, channel.locked);
      if (document.activeElement !== head.volume) head.volume.value = String(channel.volume);
    }
  }

  #head(lane, index) {
    const { name } = lane;
    const toggle = (field, text, title) => {
      const click = () => this.on.channel(name, { [field]: button.getAttribute("aria-pressed") !== "true" });
      const button = element("button", { textContent: text, title, "aria-label": `${title}: ${name}`, onclick: click });
      return button;
    };
    const head = {
      mute: toggle("mute", "M", "Mute"),
      solo: toggle("solo", "S", "Solo"),
      locked: name === "others" ? null : toggle("locked", "L", "Lock: stays note for note"),
      volume: element("input", { type: "range", min: 0, max: 1, step: 0.01, title: "Volume", "aria-label": `Volume: ${name}` }),
      program: element("select", { title: "General MIDI program", "aria-label": `Program: ${name}` }),
    };
    head.volume.addEventListener("input", () => this.on.channel(name, { volume: Number(head.volume.value) }));
    head.program.append(...this.#programs(name));
    head.program.addEventListener("change", () => this.on.program(name, Number(head.program.value)));
    const first = element("div", { className: "row" }, this.#name(name, index));
    first.append(head.mute, head.solo, ...(head.locked ? [head.locked] : []));
    const second = element("div", { className: "row" }, head.volume, ...(lane.program === null ? [] : [head.program]));
    if (head.locked) second.append(this.#density(name));
    head.lane = element("div", { className: "lane", role: "group", "aria-label": name }, first, second);
    return head;
  }

  // A part is read by its program, so a program of another instrument moves it to the lane of that one.
  #programs(name) {
    const own = this.instruments.filter((each) => each.name === name);
    const others = this.instruments.filter((each) => each.name !== name);
    return [...own, ...others].filter((each) => each.programs.length).map((each) => {
      const label = each.name === name ? name : `moves to ${each.name}`;
      return element("optgroup", { label }, ...each.programs.map((program) => new Option(`${program} ${PROGRAMS[program]}`, String(program))));
    });
  }

  #density(name) {
    const title = "How much it plays in what New song, Accompany and Continue write";
    const select = element("select", { className: "density", title, "aria-label": `Density: ${name}` });
    select.append(new Option("density", ""), ...["low", "medium", "high"].map((level) => new Option(level)));
    select.value = shown.density[name] ?? "";
    select.addEventListener("change", () => (shown.density[name] = select.value));
    return select;
  }

  // On a narrow screen volume, program and density are shown only when they are asked for.
  #unfold() {
    const root = document.documentElement;
    const click = () => {
      button.setAttribute("aria-expanded", String(root.classList.toggle("mixer")));
      this.on.unfold();
    };
    const state = { "aria-expanded": String(root.classList.contains("mixer")), "aria-controls": "lanes" };
    const button = element("button", { id: "unfold", textContent: "Mixer", title: "Volume, program and density", ...state, onclick: click });
    return button;
  }

  #name(name, index) {
    const title = "Mark this instrument, or take it out of the mark";
    return element("button", { className: "name", textContent: name, title, "aria-label": `${title}: ${name}`, onclick: () => this.on.mark(index) });
  }
}
