// Playing, the loop, and the playhead, which moves 30 times a second while the song plays.

import { $, pressed, refused } from "./dom.js";
import { RULER } from "./rolls.js";
import { player, rolls, shown } from "./shown.js";

const LOOP_BARS = 4; // where nothing is marked
const SCROLLBAR = 18;
const STILL = 25; // milliseconds from a frame until the next one is asked for, as more frames are not seen and take power

let follow = true;
let isDragging = () => false; // while a note is moved, the rolls do not follow the playhead
let asked = false; // whether the next frame moves the playhead
let waiting = null; // until it is asked for

export function playOrPause() {
  if (!shown.song) return;
  if (player.playing) player.pause();
  else player.play();
}

export function toStart() {
  if (shown.song) player.seek(0);
}

export function toggleFollow() {
  follow = !follow;
  pressed($("follow"), follow);
}

// bars: [first, the one after the last], from 0, or null.
export function setLoop(bars) {
  rolls.loop = bars;
  pressed($("loop"), bars !== null);
  player.setLoop(bars);
  rolls.draw();
}

export function toggleLoop() {
  const { song } = shown;
  if (!song) return;
  if (rolls.loop) {
    setLoop(null);
    return;
  }
  const { timeline } = rolls;
  const bar = timeline.barAt(timeline.tickAt(player.position()));
  const [first, last] = rolls.mark ? [rolls.mark.first, rolls.mark.last] : [bar, Math.min(bar + LOOP_BARS, song.bars.length) - 1];
  setLoop([first, last + 1]);
}

export function zoom(factor) {
  if (shown.song) rolls.zoom(factor, rolls.x(rolls.timeline.tickAt(player.position())));
}

// Lanes as high as the window has room for.
export function fit() {
  const { song } = shown;
  if (!song) return;
  const room = $("editor").clientHeight - RULER - SCROLLBAR;
  rolls.laneHeight = Math.max(Math.floor(room / song.lanes.length), 62);
  document.documentElement.style.setProperty("--lane", `${rolls.laneHeight}px`);
  document.documentElement.style.setProperty("--ruler", `${RULER}px`);
  $("playhead").style.height = `${song.lanes.length * rolls.laneHeight + SCROLLBAR}px`;
  rolls.resize();
}

// "2:08", or "1:02:08" from an hour on, to the nearest second, as `music.meter.clock`.
function clock(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function showPosition() {
  if (!shown.song) return;
  const at = player.position();
  const tick = rolls.timeline.tickAt(at);
  const x = rolls.x(tick);
  $("playhead").style.transform = `translateX(${x}px)`;
  $("playhead").hidden = x < 0 || x > rolls.width;
  const text = `bar ${rolls.timeline.barAt(tick) + 1} · ${clock(at)} / ${clock(player.timeline.seconds)}`;
  if ($("position").textContent !== text) $("position").textContent = text;
}

function frame() {
  asked = false;
  if (shown.song && follow && player.playing && !isDragging()) rolls.follow(rolls.timeline.tickAt(player.position()));
  showPosition();
  if (player.playing) waiting = setTimeout(askForFrame, STILL);
}

function askForFrame() {
  clearTimeout(waiting);
  if (!asked) requestAnimationFrame(frame);
  asked = true;
}

export function startTransport(dragging) {
  isDragging = dragging;
  player.addEventListener("change", () => {
    $("play").textContent = player.playing ? "❚❚" : "▶";
    $("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
    askForFrame();
  });
  player.addEventListener("problem", (event) => refused(event.detail));
  rolls.onPaint = showPosition;
  new ResizeObserver(fit).observe($("editor"));
}
