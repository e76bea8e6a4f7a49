// The current take on the page: fetched from the server, drawn, played, and compared with those that were made with it.

import { get, post } from "./api.js";
import { showChart } from "./chart.js";
import { $ } from "./dom.js";
import { showDownloads, showHistory } from "./drawers.js";
import { clipMark, showMark } from "./marks.js";
import { player, refused, rolls, say, shown } from "./shown.js";
import { LETTERS, showTakes } from "./takes.js";
import { fit, setLoop } from "./transport.js";
import { showWork, startOfWritten } from "./work.js";

const KEPT_SONGS = 12;
const NEEDS_A_SONG = ["play", "to-start", "show-downloads", "draw", "loop", "show-chart", "show-attributes", "show-morph"];

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
  return ask("/api/edit", { take: shown.song.take, ...changes });
}

// What the server sent, on the page.
export async function show(state) {
  shown.state = state;
  $("undo").disabled = state.undo === null;
  $("redo").disabled = state.redo === null;
  showGenres(state.genres);
  showWork();
  onShow.attributes.load(state.attributes, state.instruments);
  onShow.morph.load(state.takes);
  showHistory(state, (number) => ask("/api/current", { take: number }));
  player.setMixer(state.mixer);
  if (state.current !== null && shown.song?.take !== state.current) await open(state.current);
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

async function open(number) {
  let song;
  try {
    song = await fetchSong(number);
  } catch (error) {
    refused(error);
    return;
  }
  const { state } = shown;
  if (state.current !== number) return; // another one was chosen meanwhile
  shown.song = song;
  $("empty").hidden = true;
  for (const id of ["lanes", "view"]) $(id).hidden = false;
  player.load(song, startOfWritten());
  onShow.lanes.load(song, state.mixer);
  rolls.load(song, player.timeline, (lane) => shown.state.mixer[song.lanes[lane].name].locked);
  fit();
  clipMark(song);
  if (rolls.loop && rolls.loop[0] >= song.ticks) setLoop(null);
  for (const id of NEEDS_A_SONG) $(id).disabled = false;
  showDownloads(song);
  showChart(song);
  const take = state.takes.find((each) => each.number === number);
  $("command").textContent = take.command || take.label;
  $("copy").disabled = !take.command;
  document.title = `${take.label} – vaemusic studio`;
}

async function showGroup() {
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
    showTakes(loaded, state.current, (number) => ask("/api/current", { take: number }), () => keep(current.group));
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
