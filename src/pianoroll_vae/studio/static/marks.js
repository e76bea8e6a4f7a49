// The marked part: some bars of some instruments, to which commands apply. Nothing marked means the whole song.

import { $ } from "./dom.js";
import { player, rolls, shown } from "./shown.js";
import { showVelocity } from "./velocity.js";
import { isBusy } from "./work.js";

// next: null, or { first, last, lanes }: bars from 0 and the numbers of lanes in order, all included.
export function mark(next) {
  rolls.mark = next;
  rolls.draw();
  showMark();
}

export function range(from, to) {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}

// The mark where a song is shorter, or has fewer lanes, than the one before.
export function clipMark(song) {
  if (!rolls.mark) return;
  const bars = song.bars.length - 1;
  const lanes = rolls.mark.lanes.filter((lane) => lane < song.lanes.length);
  rolls.mark = rolls.mark.first > bars || !lanes.length ? null : { ...rolls.mark, last: Math.min(rolls.mark.last, bars), lanes };
}

// The names of marked instruments that may change.
export function markedNames() {
  const { song, state } = shown;
  if (!song) return [];
  const lanes = rolls.mark ? rolls.mark.lanes : range(0, song.lanes.length - 1);
  const names = lanes.map((lane) => song.lanes[lane].name);
  return names.filter((name) => name !== "others" && !state.mixer[name].locked);
}

// The fields of a request that name the marked bars.
export function markedBars() {
  return rolls.mark ? { first_bar: rolls.mark.first + 1, last_bar: rolls.mark.last + 1 } : {};
}

// The instruments that stay in an accompaniment: those that are locked, or not marked.
export function keptNames() {
  const marked = markedNames();
  const names = shown.state.instruments.map((each) => each.name);
  return names.filter((name) => !marked.includes(name));
}

// The bar after which a song goes on, from 1; 0 at its end.
export function barToContinueAfter() {
  return rolls.mark && rolls.mark.last < shown.song.bars.length - 1 ? rolls.mark.last + 1 : 0;
}

export function showMark() {
  const { song, state } = shown;
  if (!song) return;
  const busy = isBusy();
  const names = markedNames();
  const marked = rolls.mark;
  for (const id of ["rewrite", "vary", "chords-of-mark"]) $(id).disabled = busy || !names.length;
  const kept = keptNames();
  $("accompany").disabled = busy || !kept.length || kept.length === state.instruments.length;
  const after = barToContinueAfter();
  $("after").textContent = after ? `bars after bar ${after}` : "bars";
  const where = marked ? (marked.first === marked.last ? `Bar ${marked.first + 1}` : `Bars ${marked.first + 1}–${marked.last + 1}`) : "The whole song";
  $("mark-text").textContent = names.length ? `${where}: ${names.join(", ")}.` : `${where}: all marked instruments are locked.`;
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
  if (song) mark({ first: 0, last: song.bars.length - 1, lanes: range(0, song.lanes.length - 1) });
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
  else if (!rolls.mark) mark({ first: now, last: now, lanes: [rolls.cursor] });
  else mark({ ...rolls.mark, last: Math.max(limit(rolls.mark.last + bars), rolls.mark.first) });
}

export function moveLane(by, marking) {
  const { song } = shown;
  if (!song) return;
  const limit = (lane) => Math.min(Math.max(lane, 0), song.lanes.length - 1);
  const now = rolls.mark || { first: barOfPlayhead(), last: barOfPlayhead(), lanes: [rolls.cursor] };
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
  const [from, to] = [timeline.barStart(rolls.mark.first), timeline.barStart(rolls.mark.last + 1)];
  const names = markedNames();
  const notes = song.lanes.filter((lane) => names.includes(lane.name)).flatMap((lane) => lane.notes);
  return notes.filter((note) => note[2] >= from && note[2] < to).map((note) => note[0]);
}
