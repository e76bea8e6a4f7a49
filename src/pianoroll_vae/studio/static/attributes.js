// Sliders for the attributes that the band can change: a row each, a column for each instrument.

import { $, element } from "./dom.js";

const MOST = 3; // standard deviations
const MEANS = {
  density: "notes in a bar", register: "how high", length: "of the notes", velocity: "how loud",
  polyphony: "notes at once", syncopation: "notes off the beat",
};

export class Attributes {
  // onApply(changes): { instrument: { attribute: amount } }, as the sliders stand.
  constructor(onApply) {
    $("apply-attributes").addEventListener("click", () => {
      const changes = this.changes();
      if (onApply(changes)) this.reset();
    });
    $("reset-attributes").addEventListener("click", () => this.reset());
  }

  load(attributes, instruments) {
    const known = JSON.stringify([attributes, instruments]);
    if (known === this.known) return;
    this.known = known;
    this.sliders = [];
    const names = instruments.map((each) => each.name);
    const head = element("tr", {}, element("td"), ...names.map((name) => element("th", { scope: "col", textContent: name })));
    const rows = attributes.map((attribute) => this.#row(attribute, names));
    $("attribute-table").replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
    $("no-attributes").hidden = attributes.length > 0;
    $("attribute-table").hidden = $("attribute-buttons").hidden = attributes.length === 0;
  }

  #row({ name, kind, instruments }, names) {
    const what = MEANS[name] || (kind === "genre" ? "as in this genre" : "");
    const cells = names.map((instrument) => {
      const label = `${name} of ${instrument}`;
      if (!instruments.includes(instrument)) return element("td", { title: `The band cannot change the ${label} alone.` });
      const slider = element("input", { type: "range", min: -MOST, max: MOST, step: 0.5, value: 0, "aria-label": label, title: `${label}: 0` });
      slider.addEventListener("input", () => {
        slider.title = `${label}: ${slider.value}`;
        slider.classList.toggle("moved", slider.value !== "0");
      });
      slider.addEventListener("dblclick", () => this.#put(slider, 0));
      this.sliders.push({ slider, instrument, name });
      return element("td", {}, slider);
    });
    return element("tr", {}, element("th", { scope: "row", title: what }, name, element("small", { textContent: what })), ...cells);
  }

  #put(slider, value) {
    slider.value = String(value);
    slider.dispatchEvent(new Event("input"));
  }

  changes() {
    const changes = {};
    for (const { slider, instrument, name } of this.sliders) {
      const amount = Number(slider.value);
      if (amount) changes[instrument] = { ...changes[instrument], [name]: amount };
    }
    return changes;
  }

  reset() {
    for (const { slider } of this.sliders) this.#put(slider, 0);
  }
}
