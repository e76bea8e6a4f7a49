// Learning curves: a chart for each kind of network, loss by epoch.

import { element } from "./dom.js";

const [WIDTH, HEIGHT, MARGIN] = [400, 180, 34];
const NAMES = {
  vae: "vae (segments)", bar_vae: "bar_vae (bars)", melody: "melody (the lead)", conditional: "conditional (the others)",
};

// records: of all epochs, { stage, instrument, epoch, epochs, loss, valid_loss }
export function showCurves(parent, records) {
  const stages = new Map();
  for (const record of records) {
    if (!stages.has(record.stage)) stages.set(record.stage, []);
    stages.get(record.stage).push(record);
  }
  parent.replaceChildren(...[...stages].map(([stage, own]) => chart(NAMES[stage] || stage, own)));
}

function chart(title, records) {
  const canvas = element("canvas", { width: 2 * WIDTH, height: 2 * HEIGHT, role: "img", "aria-label": describe(title, records) });
  draw(canvas, records);
  return element("figure", {}, element("figcaption", { textContent: describe(title, records) }), canvas);
}

function describe(title, records) {
  const last = records.reduce((latest, record) => (record.epoch >= latest.epoch ? record : latest));
  const held = last.valid_loss === null ? "" : `, held-out loss ${last.valid_loss.toPrecision(4)}`;
  return `${title}: epoch ${last.epoch} of ${last.epochs ?? "?"}${held}`;
}

function draw(canvas, records) {
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const values = records.flatMap((record) => [record.loss, record.valid_loss]).filter((value) => value !== null);
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const epochs = records.reduce((most, record) => Math.max(most, record.epochs || 1, record.epoch), 1);
  const x = (epoch) => MARGIN + ((epoch - 1) / Math.max(epochs - 1, 1)) * (WIDTH - MARGIN - 10);
  const y = (value) => HEIGHT - 20 - ((value - low) / Math.max(high - low, 1e-9)) * (HEIGHT - 40);
  context.scale(2, 2);
  context.fillStyle = colour("faint");
  context.font = "11px sans-serif";
  for (const value of [low, high]) context.fillText(value.toPrecision(3), 2, y(value) + 4);
  context.fillText("1", x(1) - 3, HEIGHT - 4);
  if (epochs > 1) context.fillText(String(epochs), x(epochs) - 6, HEIGHT - 4);
  const instruments = [...new Set(records.map((record) => record.instrument))];
  for (const instrument of instruments) {
    const own = records.filter((record) => record.instrument === instrument).sort((a, b) => a.epoch - b.epoch);
    for (const [metric, dash] of [["loss", [4, 3]], ["valid_loss", []]]) {
      const points = own.filter((record) => record[metric] !== null).map((record) => [x(record.epoch), y(record[metric])]);
      line(context, points, colour("accent"), dash);
    }
  }
}

function line(context, points, colour, dash) {
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1.8;
  context.setLineDash(dash);
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  context.setLineDash([]);
  for (const [x, y] of points) (dash.length ? context.strokeRect(x - 2, y - 2, 4, 4) : context.fillRect(x - 2, y - 2, 4, 4));
}
