// The current take on the page: fetched from the server, drawn, played, and compared with those that were made with it.

import { get, post } from "./api.js";
import { showChart } from "./chart.js";
import { $, refused, say } from "./dom.js";
import { showDownloads, showHistory, toggleDrawer } from "./drawers.js";
import { clipMark, showMark } from "./marks.js";
import { player, rolls, shown } from "./shown.js";
import { LETTERS, optionOf, showTakes } from "./takes.js";
import { fit, setLoop } from "./transport.js";
import { isBusy, isToPlay, mayWrite, notWritten, showWork } from "./work.js";

const KEPT_SONGS = 12;
const NEEDS_A_SONG = ["play", "to-start", "loop", "show-chart"];
const NEEDS_A_TAKE = ["show-downloads", "draw", "show-attributes", "show-morph"];

const songs = new Map(); // take to song
const kept = new Set(); // groups of which one take was chosen
let onShow = {};

// shows: { lanes, attributes, morph }, which show the mixer, the band and the takes.
export function showSongsWith(shows) {
  onShow = shows;
}

export async function ask(address, content) {
  try {
    await show(await post(address, content));
    return true;
  } catch (error) {
    refused(error);
    return false;
  }
}

export function edit(changes) {
  if (isBeginning() && !mayWrite()) return false;
  return ask("/api/edit", { take: shown.song.take, ...changes });
}

// What the server sent, on the page. Replies and events overtake each other: an older state, or the same one, is left out.
export async function show(state) {
  if (shown.state && state.version <= shown.state.version) return;
  shown.state = state;
  $("undo").disabled = state.undo === null;
  $("redo").disabled = state.redo === null;
  showGenres(state.genres);
  showWork();
  onShow.attributes.load(state.attributes, state.instruments);
  onShow.morph.load(state.takes);
  showHistory(state, (number) => ask("/api/current", { take: number }));
  player.setMixer(state.mixer);
  if (isBeginning() && state.job === null && state.current === shown.song.before) closeBeginning();
  const wanted = isBeginning() ? shown.song.before : shown.song?.take;
  if (state.current !== null && wanted !== state.current) await open(state.current);
  if (state.job === null && !isBusy()) notWritten();
  if (shown.song) onShow.lanes.show(shown.state.mixer);
  showGroup();
  showWork();
  rolls.draw();
}

function showGenres(genres) {
  const known = [...$("genre").options].slice(1).map((option) => option.value).join();
  if (known !== genres.join()) $("genre").replaceChildren(new Option("any", ""), ...genres.map((name) => new Option(name, name)));
}

async function fetchSong(number) {
  if (!songs.has(number)) {
    const address = `/api/takes/${number}`;
    songs.set(number, { address, ...(await get(address)) });
  }
  while (songs.size > KEPT_SONGS) songs.delete(songs.keys().next().value);
  return songs.get(number);
}

let opening = { number: null, done: null };

function open(number) {
  if (opening.number !== number) {
    const done = fetchAndShow(number).finally(() => opening.done === done && (opening = { number: null, done: null }));
    opening = { number, done };
  }
  return opening.done;
}

async function fetchAndShow(number) {
  let song;
  try {
    song = await fetchSong(number);
  } catch (error) {
    refused(error);
    return;
  }
  const { state } = shown;
  if (state.current !== number) return; // another one was chosen meanwhile
  if (state.job !== null) notWritten(); // nor is the one that is being written to be played any more
  if (isBeginning() && isToPlay()) player.extend(song);
  else player.load(song, isToPlay() ? 0 : null);
  draw(song);
  showDownloads(song);
  const take = state.takes.find((each) => each.number === number);
  $("command").textContent = take.command || take.label;
  $("copy").disabled = !take.command;
  document.title = `${take.label} – vaemusic studio`;
}

const isBeginning = () => shown.song !== null && shown.song.take === null;
let fetching = false;

// What is written of a song plays while the rest is being written, on the page that asked for it.
export async function playBeginning(job) {
  if (!job.beginning || fetching || !isToPlay() || (isBeginning() && shown.song.beginning >= job.beginning)) return;
  const { state } = shown;
  fetching = true;
  try {
    const { beginning } = job;
    const song = { address: "/api/beginning", beginning, before: state.current, ...(await get("/api/beginning")) };
    if (shown.state.job?.number !== job.number || shown.state.current !== state.current || !isToPlay()) return;
    if (isBeginning()) player.extend(song);
    else player.load(song, 0);
    draw(song);
    $("command").textContent = "";
    $("copy").disabled = true;
  } catch (error) {
    refused(error);
  } finally {
    fetching = false;
  }
}

// It was cancelled: the page is as it was before.
function closeBeginning() {
  notWritten();
  player.pause();
  if (shown.song.before === null) {
    for (const id of ["lanes", "view"]) $(id).hidden = true;
    for (const id of NEEDS_A_SONG) $(id).disabled = true;
    $("empty").hidden = false;
    $("mark-text").textContent = "There is no song yet.";
    toggleDrawer("");
  }
  shown.song = null;
}

function draw(song) {
  const { state } = shown;
  shown.song = song;
  $("empty").hidden = true;
  for (const id of ["lanes", "view"]) $(id).hidden = false;
  onShow.lanes.load(song, state.mixer, state.instruments);
  rolls.load(song, player.timeline, {
    locked: (lane) => shown.state.mixer[song.lanes[lane].name].locked,
    heard: (lane) => player.isHeard(song.lanes[lane].name),
  });
  fit();
  clipMark(song);
  if (rolls.loop && rolls.loop[0] >= song.bars.length) setLoop(null);
  for (const id of NEEDS_A_SONG) $(id).disabled = false;
  for (const id of NEEDS_A_TAKE) $(id).disabled = song.take === null;
  showChart(song);
}

export async function showGroup() {
  const { state } = shown;
  const current = state.takes.find((take) => take.number === state.current);
  const members = current ? state.takes.filter((take) => take.group === current.group).map((take) => take.number) : [];
  if (members.length < 2 || kept.has(current.group)) {
    shown.group = [];
    showTakes([], null);
    return;
  }
  shown.group = members;
  try {
    const loaded = await Promise.all(members.map(fetchSong));
    if (shown.group !== members) return;
    const hear = (number) => ask("/api/current", { take: number });
    showTakes(loaded, state.current, hear, () => keep(current.group), optionOf(current.command, "key"));
  } catch (error) {
    refused(error);
  }
}

function keep(group) {
  kept.add(group);
  const letter = LETTERS[shown.group.indexOf(shown.state.current)];
  showGroup();
  say(`Take ${letter} is kept. The others stay in the history.`);
  $("view").focus();
}

export async function changeChannel(name, changes) {
  Object.assign(shown.state.mixer[name], changes);
  player.setMixer(shown.state.mixer);
  onShow.lanes.show(shown.state.mixer);
  showMark();
  rolls.draw();
  const send = () => post("/api/mixer", { [name]: changes }).catch(refused);
  if (!("volume" in changes)) return send();
  clearTimeout(volumes);
  volumes = setTimeout(send, 250);
}

let volumes = null;
