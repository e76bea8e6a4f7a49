// The page: what is shown follows the server's state, and every button is a request to it.

import { editBar, showChart } from "./chart.js";
import { get, listen, post, postFile } from "./api.js";
import { $, element, pressed } from "./dom.js";
import { closeDrawers, showDownloads, showHistory, toggleDrawer } from "./drawers.js";
import { Editor } from "./editor.js";
import { bindKeys } from "./keys.js";
import { Lanes } from "./lanes.js";
import { Player } from "./player.js";
import { Morph } from "./morph.js";
import { RULER, Rolls } from "./rolls.js";
import { LETTERS, showTakes } from "./takes.js";

const player = new Player();
const rolls = new Rolls($("rolls"), $("extent"), $("scroll"));
const songs = new Map(); // take to song
let state = null;
let song = null;
let group = []; // takes that are shown side by side
let playWhenWritten = false;
let follow = true;
let volumes = null;

const lanes = new Lanes(changeChannel, (name, program) => edit({ programs: { [name]: program } }));
const morph = new Morph((takes, weights) => state.job || write({ verb: "average", takes, weights }));
const editor = new Editor(rolls, { mark, seek: (tick) => player.seek(rolls.timeline.secondsAt(tick)), loop: setLoop, edit, chart: openChart });

function say(text, error = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", error);
}

function refused(error) {
  say([error.message, error.hint].filter(Boolean).join(" "), true);
}

async function ask(address, content) {
  try {
    await show(await post(address, content));
    return true;
  } catch (error) {
    refused(error);
    return false;
  }
}

// What the server sent, on the page.
async function show(next) {
  state = next;
  const current = state.current;
  $("undo").disabled = state.undo === null;
  $("redo").disabled = state.redo === null;
  showGenres();
  showWork();
  morph.load(state.takes);
  showHistory(state, (number) => ask("/api/current", { take: number }));
  player.setMixer(state.mixer);
  if (current !== null && song?.take !== current) await open(current);
  if (song) lanes.show(state.mixer);
  showGroup();
  showMark();
  rolls.draw();
}

async function fetchSong(number) {
  if (!songs.has(number)) songs.set(number, await get(`/api/takes/${number}`));
  while (songs.size > 12) songs.delete(songs.keys().next().value);
  return songs.get(number);
}

async function open(number) {
  let loaded;
  try {
    loaded = await fetchSong(number);
  } catch (error) {
    refused(error);
    return;
  }
  if (state.current !== number) return; // another one was chosen meanwhile
  song = loaded;
  for (const id of ["empty"]) $(id).hidden = true;
  for (const id of ["lanes", "view"]) $(id).hidden = false;
  player.load(song);
  lanes.load(song, state.mixer);
  rolls.load(song, player.timeline, (lane) => state.mixer[song.lanes[lane].name].locked);
  fit();
  if (rolls.mark) {
    const bars = song.bars.length - 1;
    const last = song.lanes.length - 1;
    rolls.mark = rolls.mark.first > bars ? null : { ...rolls.mark, last: Math.min(rolls.mark.last, bars), lanes: rolls.mark.lanes.map((lane) => Math.min(lane, last)) };
  }
  if (rolls.loop && rolls.loop[0] >= song.ticks) setLoop(null);
  for (const id of ["play", "to-start", "show-downloads", "continue", "draw", "loop", "show-chart", "show-morph"]) $(id).disabled = false;
  showDownloads(song);
  showChart(song);
  const take = state.takes.find((each) => each.number === number);
  $("command").textContent = take.command || take.label;
  $("copy").disabled = !take.command;
  document.title = `${take.label} – vaemusic studio`;
  if (playWhenWritten) {
    playWhenWritten = false;
    player.play(0);
  }
}

function showGenres() {
  const known = [...$("genre").options].slice(1).map((option) => option.value).join();
  if (known !== state.genres.join()) $("genre").replaceChildren(new Option("any", ""), ...state.genres.map((name) => new Option(name, name)));
}

function showWork() {
  const { job } = state;
  const busy = job !== null;
  $("work").hidden = !busy && state.ready;
  $("cancel").hidden = !busy;
  $("new").disabled = busy;
  if (!busy && !state.ready) {
    $("progress").removeAttribute("value");
    $("work-text").textContent = state.problem || "The band gets ready. On a new machine this takes a minute, once.";
    return;
  }
  if (!busy) return;
  if (job.total) {
    $("progress").max = job.total;
    $("progress").value = job.done;
  } else $("progress").removeAttribute("value");
  $("work-text").textContent = state.ready ? `${job.label} …` : `${job.label}: waits for the band …`;
}

async function showGroup() {
  const current = state.takes.find((take) => take.number === state.current);
  const members = current ? state.takes.filter((take) => take.group === current.group).map((take) => take.number) : [];
  if (members.length < 2 || kept.has(current.group)) {
    group = [];
    showTakes([], null);
    return;
  }
  group = members;
  try {
    const loaded = await Promise.all(members.map(fetchSong));
    if (group !== members) return;
    showTakes(loaded, state.current, (number) => ask("/api/current", { take: number }), () => keep(current.group));
  } catch (error) {
    refused(error);
  }
}

const kept = new Set(); // groups of which one take was chosen

function keep(number) {
  kept.add(number);
  const letter = LETTERS[group.indexOf(state.current)];
  showGroup();
  say(`Take ${letter} is kept. The others stay in the history.`);
  $("view").focus();
}

// Marks

function mark(next) {
  rolls.mark = next;
  rolls.draw();
  showMark();
}

function markedNames() {
  if (!song) return [];
  const [from, to] = rolls.mark ? rolls.mark.lanes : [0, song.lanes.length - 1];
  const names = song.lanes.slice(from, to + 1).map((lane) => lane.name);
  return names.filter((name) => name !== "others" && !state.mixer[name].locked);
}

function lockedNames() {
  return state.instruments.map((each) => each.name).filter((name) => state.mixer[name].locked);
}

function showMark() {
  const busy = state.job !== null;
  const names = markedNames();
  const marked = rolls.mark;
  $("rewrite").disabled = $("vary").disabled = busy || !names.length;
  $("continue").disabled = busy || !song;
  const locked = lockedNames();
  $("accompany").disabled = busy || !song || !locked.length || locked.length === state.instruments.length;
  if (!song) return;
  const where = marked ? (marked.first === marked.last ? `Bar ${marked.first + 1}` : `Bars ${marked.first + 1}–${marked.last + 1}`) : "The whole song";
  $("mark-text").textContent = names.length ? `${where}: ${names.join(", ")}.` : `${where}: all marked instruments are locked.`;
}

function setLoop(ticks) {
  rolls.loop = ticks;
  pressed($("loop"), ticks !== null);
  player.setLoop(ticks && ticks.map((tick) => rolls.timeline.secondsAt(tick)));
  rolls.draw();
}

function toggleLoop() {
  if (!song) return;
  if (rolls.loop) setLoop(null);
  else {
    const { timeline } = rolls;
    const bar = timeline.barAt(timeline.tickAt(player.position()));
    const [first, last] = rolls.mark ? [rolls.mark.first, rolls.mark.last] : [bar, Math.min(bar + 3, song.bars.length - 1)];
    setLoop([timeline.barStart(first), timeline.barStart(last + 1)]);
  }
}

// Commands

const MAX_SEED = 2 ** 31 - 8;

const count = () => Number($("count").value);

function newSong() {
  if ($("new").disabled || !$("new-song").reportValidity()) return;
  playWhenWritten = true;
  player.context.resume(); // a browser lets sound begin only with a click or a key
  const wanted = { verb: "new", bars: Number($("bars").value), noise: Number($("noise").value), count: count() };
  if ($("key").value) wanted.key = $("key").value;
  if ($("tempo").value) wanted.tempo = Number($("tempo").value);
  if ($("genre").value) wanted.genres = [$("genre").value];
  write(wanted);
}

async function write(wanted) {
  say("");
  try {
    const job = await post("/api/jobs", wanted);
    state.job = job;
    showWork();
  } catch (error) {
    playWhenWritten = false;
    refused(error);
  }
}

function change(verb, extra = {}) {
  if (!song || state.job) return;
  const wanted = { verb, take: song.take, instruments: markedNames(), count: count(), ...extra };
  if (rolls.mark) Object.assign(wanted, { first_bar: rolls.mark.first + 1, last_bar: rolls.mark.last + 1 });
  write(wanted);
}

const commands = {
  newSong,
  rewrite: () => !$("rewrite").disabled && change("rewrite"),
  vary: () => !$("vary").disabled && change("vary", { noise: Number($("amount").value) }),
  accompany: () =>
    !$("accompany").disabled && write({ verb: "accompany", take: song.take, instruments: lockedNames(), count: count() }),
  continue: () =>
    !$("continue").disabled && write({ verb: "continue", take: song.take, bars: Number($("more").value), count: count() }),
  undo: () => !$("undo").disabled && ask("/api/undo"),
  redo: () => !$("redo").disabled && ask("/api/redo"),
  cancel: () => state?.job && ask("/api/cancel"),
  playOrPause: () => song && (player.playing ? player.pause() : player.play()),
  toStart: () => song && player.seek(0),
  toggleLoop,
  toggleFollow() {
    follow = !follow;
    pressed($("follow"), follow);
  },
  toggleDrawing() {
    if (!song) return;
    editor.drawing = !editor.drawing;
    pressed($("draw"), editor.drawing);
  },
  zoomIn: () => song && rolls.zoom(1.4, playheadX()),
  zoomOut: () => song && rolls.zoom(1 / 1.4, playheadX()),
  openFile: () => $("file").click(),
  history: () => toggleDrawer("history"),
  downloads: () => song && toggleDrawer("downloads"),
  chart: () => song && toggleDrawer("chart"),
  morph: () => song && toggleDrawer("morph"),
  help: () => toggleDrawer("help"),
  escape() {
    if (closeDrawers()) return;
    if (state?.job) ask("/api/cancel");
    else mark(null);
  },
  hearTake: (index) => group[index] !== undefined && ask("/api/current", { take: group[index] }),
  moveBar(bars, marking) {
    if (!song) return;
    const { timeline } = rolls;
    if (!marking) {
      const bar = Math.min(Math.max(timeline.barAt(timeline.tickAt(player.position()) + 1) + bars, 0), song.bars.length - 1);
      player.seek(timeline.secondsAt(timeline.barStart(bar)));
      return;
    }
    const start = timeline.barAt(timeline.tickAt(player.position()) + 1);
    if (!rolls.mark) mark({ first: start, last: start, lanes: [rolls.cursor, rolls.cursor] });
    else mark({ ...rolls.mark, last: Math.min(Math.max(rolls.mark.last + bars, rolls.mark.first), song.bars.length - 1) });
  },
  moveLane(by, marking) {
    if (!song) return;
    const last = song.lanes.length - 1;
    const limit = (lane) => Math.min(Math.max(lane, 0), last);
    const bar = rolls.timeline.barAt(rolls.timeline.tickAt(player.position()) + 1);
    const now = rolls.mark || { first: bar, last: bar, lanes: [rolls.cursor, rolls.cursor] };
    if (marking && rolls.mark) mark({ ...now, lanes: [now.lanes[0], Math.max(limit(now.lanes[1] + by), now.lanes[0])] });
    else {
      rolls.cursor = rolls.mark ? limit(now.lanes[0] + by) : rolls.cursor;
      mark({ ...now, lanes: [rolls.cursor, rolls.cursor] });
    }
  },
  markAll: () => song && mark({ first: 0, last: song.bars.length - 1, lanes: [0, song.lanes.length - 1] }),
  deleteMarked() {
    if (!song || !rolls.mark) return;
    const { timeline } = rolls;
    const [from, to] = [timeline.barStart(rolls.mark.first), timeline.barStart(rolls.mark.last + 1)];
    const names = markedNames();
    const notes = song.lanes.filter((lane) => names.includes(lane.name)).flatMap((lane) => lane.notes);
    const remove = notes.filter((note) => note[2] >= from && note[2] < to).map((note) => note[0]);
    if (remove.length) edit({ remove, add: [] });
  },
};

function openChart(bar, section) {
  if ($("chart").hidden) toggleDrawer("chart");
  editBar(song, bar, section);
}

function playChart() {
  if (state.job) return;
  const take = state.takes.find((each) => each.number === song.take);
  const wanted = { verb: "new", chart: $("chart-text").value, noise: Number($("noise").value), count: count() };
  if (take.seed !== null && take.seed <= MAX_SEED) wanted.seed = take.seed;
  playWhenWritten = true;
  write(wanted);
}

function edit(changes) {
  return ask("/api/edit", { take: song.take, ...changes });
}

async function drop(file) {
  say(`Reading ${file.name} …`);
  try {
    if (file.size > 8 * 2 ** 20) throw Object.assign(new Error(`${file.name} is larger than 8 MB.`), { hint: "That is no song." });
    const next = await postFile(file);
    say("");
    await show(next);
  } catch (error) {
    refused(error);
  }
}

async function changeChannel(name, changes) {
  Object.assign(state.mixer[name], changes);
  player.setMixer(state.mixer);
  lanes.show(state.mixer);
  showMark();
  rolls.draw();
  if ("volume" in changes) {
    clearTimeout(volumes);
    volumes = setTimeout(() => post("/api/mixer", { [name]: changes }).catch(refused), 250);
  } else post("/api/mixer", { [name]: changes }).catch(refused);
}

// The playhead, once a frame

function playheadX() {
  return rolls.x(rolls.timeline.tickAt(player.position()));
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

function frame() {
  if (song) {
    const at = player.position();
    const tick = rolls.timeline.tickAt(at);
    if (follow && player.playing && !editor.drag) rolls.follow(tick);
    const x = rolls.x(tick);
    $("playhead").style.transform = `translateX(${x}px)`;
    $("playhead").hidden = x < 0 || x > rolls.width;
    const text = `bar ${rolls.timeline.barAt(tick) + 1} · ${clock(at)} / ${clock(player.timeline.seconds)}`;
    if ($("position").textContent !== text) $("position").textContent = text;
  }
  requestAnimationFrame(frame);
}

function fit() {
  if (!song) return;
  const room = $("editor").clientHeight - RULER - 18;
  rolls.laneHeight = Math.max(Math.floor(room / song.lanes.length), 62);
  document.documentElement.style.setProperty("--lane", `${rolls.laneHeight}px`);
  document.documentElement.style.setProperty("--ruler", `${RULER}px`);
  $("playhead").style.height = `${song.lanes.length * rolls.laneHeight + 18}px`;
  rolls.resize();
}

player.addEventListener("change", () => {
  $("play").textContent = player.playing ? "❚❚" : "▶";
  $("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
});
player.addEventListener("problem", (event) => refused(event.detail));
new ResizeObserver(fit).observe($("editor"));

const bind = (id, command) => $(id).addEventListener("click", () => command());
for (const [id, command] of Object.entries({
  play: commands.playOrPause, "to-start": commands.toStart, loop: toggleLoop, follow: commands.toggleFollow,
  "zoom-in": commands.zoomIn, "zoom-out": commands.zoomOut, undo: commands.undo, redo: commands.redo,
  "show-history": commands.history, "show-downloads": commands.downloads, "show-help": commands.help,
  "show-chart": commands.chart, "show-morph": commands.morph, "play-chart": playChart,
  "chords-of-mark": () => change("rewrite", { chart: $("chart-text").value }),
  open: commands.openFile, rewrite: commands.rewrite, vary: commands.vary, accompany: commands.accompany,
  continue: commands.continue, draw: commands.toggleDrawing, cancel: commands.cancel,
})) bind(id, command);
$("new-song").addEventListener("submit", (event) => {
  event.preventDefault();
  newSong();
});
$("file").addEventListener("change", () => {
  if ($("file").files[0]) drop($("file").files[0]);
  $("file").value = "";
});
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("command").textContent);
    say("The command line is copied.");
  } catch {
    getSelection().selectAllChildren($("command"));
    say("Press Ctrl-C to copy the command line.");
  }
});
for (const [slider, text] of [["noise", "noise-value"], ["amount", "amount-value"]]) {
  $(slider).addEventListener("input", () => ($(text).textContent = $(slider).value));
}
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("editor").classList.add("dropping");
});
addEventListener("dragleave", (event) => event.relatedTarget === null && $("editor").classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  $("editor").classList.remove("dropping");
  if (event.dataTransfer.files[0]) drop(event.dataTransfer.files[0]);
});
bindKeys(commands);

for (const tonic of ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]) {
  for (const scale of ["major", "minor"]) $("key").append(new Option(`${tonic} ${scale}`, `${tonic} ${scale}`));
}
$("key").prepend(element("option", { value: "", textContent: "any", selected: true }));

listen(
  {
    state: show,
    progress(job) {
      if (!state) return;
      state.job = job;
      showWork();
    },
    notice: ({ text }) => say(text),
    refused(problem) {
      playWhenWritten = false;
      refused({ message: problem.error, hint: problem.hint });
    },
  },
  async () => {
    try {
      await show(await get("/api/state"));
    } catch (error) {
      refused(error);
    }
  },
);
frame();

window.studio = { player, rolls, commands, state: () => state }; // for the console and for tests
