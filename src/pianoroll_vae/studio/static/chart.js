// The chart as text: sections and chords, which the band can be asked to play.

import { $ } from "./dom.js";

// Where the chords of each bar stand in a chart's text: [from, to] for each bar that is written out.
function placesOf(text, song) {
  const places = new Map();
  const starts = song.sections.map(([tick]) => song.bars.findIndex((bar) => bar >= tick - 1));
  let section = -1;
  let bar = 0;
  let offset = 0;
  for (const line of text.split("\n")) {
    if (/^\s*\[.*\]\s*$/.test(line)) {
      section += 1;
      bar = starts[section] ?? bar;
      places.set(`[${bar}`, [offset + line.indexOf("[") + 1, offset + line.lastIndexOf("]")]);
    } else if (line.includes("|")) {
      for (const found of line.matchAll(/\|([^|]+)(?=\|)/g)) {
        const from = offset + found.index + 1 + (found[1].length - found[1].trimStart().length);
        places.set(bar, [from, from + found[1].trim().length]);
        bar += 1;
      }
    }
    offset += line.length + 1;
  }
  return places;
}

let edited = false; // whether the text is not the song's any more
$("chart-text").addEventListener("input", () => (edited = true));

export function showChart(song) {
  if (edited && document.activeElement === $("chart-text")) return;
  $("chart-text").value = song.chart;
  edited = false;
}

// Put the cursor onto a bar's chords, or onto the name of its section.
export function editBar(song, bar, name) {
  const text = $("chart-text");
  if (!edited) text.value = song.chart;
  const places = placesOf(text.value, song);
  const place = name ? places.get(`[${bar}`) : places.get(bar);
  text.focus();
  if (place) text.setSelectionRange(...place);
}
