// The marked parts: some bars of some instruments, to which commands apply. Nothing marked means the whole song.

import { $, pressed } from "./dom.js";
import { player, rolls, shown } from "./shown.js";
import { range } from "./timeline.js";
import { showVelocity } from "./velocity.js";
import { isBusy } from "./work.js";

let adding = false; // whether the next mark is put beside those that are there

// next: null, or { first, last, lanes }: bars from 0 and the numbers of lanes in order, all included. It takes the place
// of the mark that was set last.
export function mark(next) {
  rolls.mark = next;
  if (!next) rolls.otherMarks = [];
  rolls.draw();
  showMark();
}

// Before a new mark: those that are there go, or stay where another one is to be added.
export function beginMark(besides = false) {
  rolls.otherMarks = rolls.mark && (besides || adding) ? [...rolls.otherMarks, rolls.mark] : [];
  rolls.mark = null;
  if (adding) toggleAdding();
}

export function toggleAdding() {
  adding = !adding && rolls.mark !== null;
  pressed($("mark-more"), adding);
}

const allMarks = () => (rolls.mark ? [...rolls.otherMarks, rolls.mark].sort((a, b) => a.first - b.first) : []);

// The marks where a song is shorter, or has fewer lanes, than the one before.
export function clipMark(song) {
  const bars = song.bars.length - 1;
  const clipped = [...rolls.otherMarks, ...(rolls.mark ? [rolls.mark] : [])]
    .map((each) => ({ ...each, last: Math.min(each.last, bars), lanes: each.lanes.filter((lane) => lane < song.lanes.length) }))
    .filter((each) => each.first <= bars && each.lanes.length);
  rolls.mark = clipped.pop() ?? null;
  rolls.otherMarks = clipped;
}

// The names of the instruments of a mark, or of the song, that may change.
function namesIn(marked) {
  const { song, state } = shown;
  const lanes = marked ? marked.lanes : range(0, song.lanes.length - 1);
  const names = lanes.map((lane) => song.lanes[lane].name);
  return names.filter((name) => name !== "others" && !state.mixer[name].locked);
}

// Those of all marks.
export function markedNames() {
  if (!shown.song) return [];
  const names = new Set(rolls.mark ? allMarks().flatMap(namesIn) : namesIn(null));
  return shown.song.lanes.map((lane) => lane.name).filter((name) => names.has(name));
}

// The fields of a request that changes the marked parts; null where nothing of them may change. fieldsOf(names) is what
// the verb needs for these instruments of one part, or null.
export function markedParts(fieldsOf) {
  const parts = (rolls.mark ? allMarks() : [null]).flatMap((each) => {
    const fields = fieldsOf(namesIn(each));
    return fields ? [{ ...fields, ...(each ? { first_bar: each.first + 1, last_bar: each.last + 1 } : {}) }] : [];
  });
  return parts.length > 1 ? { parts } : parts[0] ?? null;
}

// What an accompaniment needs: the instruments that stay, which are locked or not marked.
export function keptNames(names) {
  const kept = shown.state.instruments.map((each) => each.name).filter((name) => !names.includes(name));
  return names.length && kept.length ? { instruments: kept } : null;
}

// The bar after which a song goes on, from 1; 0 at its end.
export function barToContinueAfter() {
  const last = Math.max(-1, ...allMarks().map((each) => each.last));
  return last >= 0 && last < shown.song.bars.length - 1 ? last + 1 : 0;
}

function barsOf(marked) {
  if (!marked) return "The whole song";
  return marked.first === marked.last ? `Bar ${marked.first + 1}` : `Bars ${marked.first + 1}–${marked.last + 1}`;
}

export function showMark() {
  if (!shown.song) return;
  const busy = isBusy();
  const names = markedNames();
  for (const id of ["rewrite", "vary", "chords-of-mark"]) $(id).disabled = busy || !names.length;
  $("accompany").disabled = busy || !markedParts(keptNames);
  $("mark-more").disabled = !rolls.mark;
  const after = barToContinueAfter();
  $("after").textContent = after ? `bars after bar ${after}` : "bars";
  const texts = (rolls.mark ? allMarks() : [null]).map((each) => `${barsOf(each)}: ${namesIn(each).join(", ") || "all locked"}`);
  $("mark-text").textContent = `${texts.join("; ")}.`;
  showVelocity(!$("velocities").hidden);
}

// Mark a lane, or take it out of the mark; without a mark, all bars of it.
export function toggleLane(lane) {
  const now = rolls.mark || { first: 0, last: shown.song.bars.length - 1, lanes: [] };
  const lanes = now.lanes.includes(lane) ? now.lanes.filter((each) => each !== lane) : [...now.lanes, lane].sort((a, b) => a - b);
  mark(lanes.length ? { ...now, lanes } : null);
}

export function markAll() {
  const { song } = shown;
  if (!song) return;
  beginMark();
  mark({ first: 0, last: song.bars.length - 1, lanes: range(0, song.lanes.length - 1) });
}

function barOfPlayhead() {
  const { timeline } = rolls;
  return timeline.barAt(timeline.tickAt(player.position()) + 1);
}

// With the keyboard: `marking` grows or shrinks the mark, else the playhead moves.
export function moveBar(bars, marking) {
  const { song } = shown;
  if (!song) return;
  const limit = (bar) => Math.min(Math.max(bar, 0), song.bars.length - 1);
  const now = barOfPlayhead();
  if (!marking) player.seek(rolls.timeline.secondsAt(rolls.timeline.barStart(limit(now + bars))));
  else if (!rolls.mark || adding) {
    beginMark();
    mark({ first: now, last: now, lanes: [rolls.cursor] });
  }
  else mark({ ...rolls.mark, last: Math.max(limit(rolls.mark.last + bars), rolls.mark.first) });
}

export function moveLane(by, marking) {
  const { song } = shown;
  if (!song) return;
  const limit = (lane) => Math.min(Math.max(lane, 0), song.lanes.length - 1);
  const here = { first: barOfPlayhead(), last: barOfPlayhead(), lanes: [rolls.cursor] };
  if (adding) {
    beginMark();
    mark(here);
    return;
  }
  const now = rolls.mark || here;
  const [first, last] = [now.lanes[0], now.lanes[now.lanes.length - 1]];
  if (marking && rolls.mark) mark({ ...now, lanes: range(first, Math.max(limit(last + by), first)) });
  else {
    if (rolls.mark) rolls.cursor = limit(first + by);
    mark({ ...now, lanes: [rolls.cursor] });
  }
}

// The numbers of the notes that begin in the marked part and may change.
export function markedNotes() {
  const { song } = shown;
  if (!song || !rolls.mark) return [];
  const { timeline } = rolls;
  const numbers = allMarks().flatMap((each) => {
    const [from, to] = [timeline.barStart(each.first), timeline.barStart(each.last + 1)];
    const names = namesIn(each);
    const notes = song.lanes.filter((lane) => names.includes(lane.name)).flatMap((lane) => lane.notes);
    return notes.filter((note) => note[2] >= from && note[2] < to).map((note) => note[0]);
  });
  return [...new Set(numbers)];
}
