// What the buttons and keys do. A key whose button is disabled does nothing, and the page says why where that is not seen.

import { editBar } from "./chart.js";
import { $, pressed, say } from "./dom.js";
import { closeDrawers, openDrawer, toggleDrawer } from "./drawers.js";
import { barToContinueAfter, keptNames, mark, markAll, markedNotes, markedParts, moveBar, moveLane, toggleAdding } from "./marks.js";
import { shown } from "./shown.js";
import { ask, edit } from "./song.js";
import { optionOf } from "./takes.js";
import { playOrPause, toStart, toggleFollow, toggleLoop, zoom } from "./transport.js";
import { isBusy, mayWrite, write } from "./work.js";

const MAX_SEED = 2 ** 31 - 8;
const ZOOM = 1.4;

const number = (id) => Number($(id).value);
const count = () => number("count");

function newSong() {
  if (!$("new-song").reportValidity()) return;
  const wanted = { verb: "new", bars: number("bars"), noise: number("noise"), count: count() };
  if ($("key").value) wanted.key = $("key").value;
  if ($("tempo").value) wanted.tempo = number("tempo");
  if ($("genre").value) wanted.genres = [$("genre").value];
  write({ ...wanted, ...chosenDensity() }, true);
}

// The density of each instrument for which one is chosen.
function chosenDensity() {
  const chosen = Object.entries(shown.density).filter(([name, level]) => level && name in shown.state.mixer);
  return chosen.length ? { density: Object.fromEntries(chosen) } : {};
}

// The marked bars of the marked instruments, changed.
function change(verb, extra = {}) {
  if (!shown.song || !mayWrite()) return;
  const part = markedParts((names) => (names.length ? { instruments: names } : null));
  if (part) write({ verb, take: shown.song.take, count: count(), ...part, ...extra });
  else say("All marked instruments are locked.");
}

function accompany() {
  if (!shown.song || !mayWrite()) return;
  const part = markedParts(keptNames);
  if (part) write({ verb: "accompany", take: shown.song.take, count: count(), ...part, ...chosenDensity() });
  else say("Lock the instruments that stay (L), or mark those that are to be written to the others.");
}

function continueSong() {
  if (!shown.song || !mayWrite()) return;
  const wanted = { verb: "continue", take: shown.song.take, bars: number("more"), count: count(), ...chosenDensity() };
  if (barToContinueAfter()) wanted.after = barToContinueAfter();
  write(wanted);
}

function playChart() {
  if (!shown.song || !mayWrite()) return;
  const take = shown.state.takes.find((each) => each.number === shown.song.take);
  const chart = $("chart-text").value;
  write({ verb: "new", noise: number("noise"), ...writtenWith(take, chart), chart, count: count() }, true);
}

// What a new song was written with: with the same seed and options, it stays the same up to the four bars around a change
// of the chart, or to the bar before these.
function writtenWith({ command, seed }, chart) {
  if (!/ generate /.test(command)) return {};
  const wanted = seed <= MAX_SEED ? { seed } : {};
  const [noise, genre, key, density] = ["noise", "genre", "key", "density"].map((name) => optionOf(command, name));
  if (noise) wanted.noise = Number(noise);
  if (genre) wanted.genres = genre.split(",");
  if (density) wanted.density = Object.fromEntries(density.split(",").map((each) => each.split("=")));
  if (key && chart.includes(`{key: ${key}}`)) wanted.key = key;
  return wanted;
}

// changes: { instrument: { attribute: amount } }. Whether they were asked for.
export function applyAttributes(changes) {
  if (!shown.song || !mayWrite()) return false;
  const part = markedParts((names) => {
    const possible = Object.entries(changes).filter(([name]) => names.includes(name));
    return possible.length ? { changes: Object.fromEntries(possible) } : null;
  });
  if (!part) {
    say(Object.keys(changes).length ? "The instruments of these sliders are locked or not marked." : "Move a slider first.");
    return false;
  }
  write({ verb: "attributes", take: shown.song.take, ...part });
  return true;
}

export function openChart(bar, section) {
  openDrawer("chart");
  editBar(shown.song, bar, section);
}

const withSong = (command) => () => shown.song && command();

export const makeCommands = (editor) => ({
  newSong,
  rewrite: () => change("rewrite"),
  vary: () => change("vary", { noise: number("amount") }),
  chordsOfMark: () => change("rewrite", { chart: $("chart-text").value }),
  accompany,
  continue: continueSong,
  playChart,
  undo: () => !$("undo").disabled && ask("/api/undo"),
  redo: () => !$("redo").disabled && ask("/api/redo"),
  cancel: () => isBusy() && ask("/api/cancel"),
  playOrPause,
  toStart,
  toggleLoop,
  toggleFollow,
  toggleDrawing: withSong(() => {
    pressed($("draw"), editor.toggleDrawing());
  }),
  zoomIn: () => zoom(ZOOM),
  zoomOut: () => zoom(1 / ZOOM),
  openFile: () => $("file").click(),
  history: () => toggleDrawer("history"),
  downloads: withSong(() => toggleDrawer("downloads")),
  chart: withSong(() => toggleDrawer("chart")),
  attributes: withSong(() => toggleDrawer("attributes")),
  morph: withSong(() => toggleDrawer("morph")),
  help: () => toggleDrawer("help"),
  escape() {
    if (closeDrawers()) return;
    if (isBusy()) ask("/api/cancel");
    else mark(null);
  },
  hearTake: (index) => shown.group[index] !== undefined && ask("/api/current", { take: shown.group[index] }),
  markMore: () => !$("mark-more").disabled && toggleAdding(),
  moveBar,
  moveLane,
  markAll,
  deleteMarked() {
    const remove = markedNotes();
    if (remove.length) edit({ remove, add: [] });
  },
});
