// Learn from my folder: the songs, the training with its curves, and the band that plays.

import { get, listen, post, postFile } from "./api.js";
import { showCurves } from "./curves.js";
import { $, refused, say, theme } from "./dom.js";

const SONG = /\.(mid|midi|kar)$/i;
const LARGEST = 8 * 2 ** 20; // bytes, as the server takes
let learning = null;
let adding = false;
let band = null; // { own, ready, problem }

function show() {
  const { files, running, progress, notices, problem, curves, trained, missing } = learning;
  $("missing").hidden = !missing;
  $("missing").textContent = `Learning needs PyTorch, which is not installed. ${missing}`;
  $("count").textContent = files.length ? `${files.length} song${files.length > 1 ? "s" : ""} to learn from.` : "No songs yet.";
  for (const id of ["choose-folder", "choose-files", "clear"]) $(id).disabled = running || adding;
  $("learn").disabled = running || adding || !files.length || Boolean(missing);
  $("learn").textContent = curves.length ? "Go on learning" : "Learn";
  $("stop").hidden = !running;
  $("progress").hidden = !running;
  if (progress.total) [$("progress").max, $("progress").value] = [progress.total, progress.done];
  else $("progress").removeAttribute("value");
  $("work-text").textContent = running ? progress.title || "Begins …" : "";
  if (problem) say(problem, true);
  else if (running && notices.length) say(notices[notices.length - 1]);
  $("curves").hidden = !curves.length;
  showCurves($("charts"), curves);
  $("band").hidden = !trained;
  showBand();
}

function showBand() {
  if (!band) return;
  const state = band.problem || (band.ready ? "" : " It is being loaded …");
  $("playing").textContent = (band.own ? "Songs are written by the band that was learned here." : "Songs are written by the previous band.") + state;
  $("use-own").disabled = band.own || learning?.running;
  $("use-bundled").disabled = !band.own;
}

async function ask(address, content = {}) {
  try {
    return await post(address, content);
  } catch (error) {
    refused(error);
    return null;
  }
}

// The songs of a folder or some files, one after the other; those that cannot be read are named at the end.
async function add(chosen) {
  const songs = [...chosen].filter((file) => SONG.test(file.name));
  const wrong = [];
  adding = true;
  show();
  for (const [index, file] of songs.entries()) {
    say(`Reading song ${index + 1} of ${songs.length} …`);
    try {
      if (file.size > LARGEST) throw new Error(`${file.name} is larger than 8 MB.`);
      await postFile(file, "/api/learning/files");
    } catch (error) {
      wrong.push(error.message);
    }
  }
  adding = false;
  await load();
  if (!songs.length) say("There are no MIDI files among these: .mid, .midi or .kar.", true);
  else if (wrong.length) say(`${wrong.length} of ${songs.length} files were left out. The first: ${wrong[0]}`, true);
  else say("");
}

async function learn() {
  say("");
  const brief = await ask("/api/learning", { epochs: Number($("epochs").value) });
  if (brief) Object.assign(learning, brief);
  show();
}

async function useBand(own) {
  const state = await ask("/api/band", { own });
  if (state) showState(state);
}

function showState({ own_band, ready, problem }) {
  band = { own: own_band, ready, problem };
  showBand();
}

async function load() {
  try {
    const [next, state] = await Promise.all([get("/api/learning"), get("/api/state")]);
    learning = next;
    showState(state);
    show();
  } catch (error) {
    refused(error);
  }
}

for (const [button, input] of [["choose-folder", "folder"], ["choose-files", "files"]]) {
  $(button).addEventListener("click", () => $(input).click());
  $(input).addEventListener("change", async () => {
    await add($(input).files);
    $(input).value = "";
  });
}
$("clear").addEventListener("click", async () => {
  learning = (await ask("/api/learning/clear")) || learning;
  show();
});
$("learn").addEventListener("click", learn);
$("stop").addEventListener("click", () => ask("/api/learning/stop"));
$("use-own").addEventListener("click", () => useBand(true));
$("use-bundled").addEventListener("click", () => useBand(false));

const update = (changes) => {
  if (!learning) return;
  Object.assign(learning, changes);
  show();
};
theme.addEventListener("change", () => learning && show());
listen(
  {
    state: showState,
    learning: update,
    learned(state) {
      update(state);
      if (state.finished) $("epochs").value = String(Math.min(2 * Number($("epochs").value), 100)); // to go on with
      if (!state.problem) say(state.finished ? "Learned. The new band can play." : "Stopped. What was learned is kept.");
    },
    epoch(record) {
      const same = (each) => each.stage === record.stage && each.instrument === record.instrument && each.epoch === record.epoch;
      update({ curves: [...learning.curves.filter((each) => !same(each)), record] });
    },
  },
  load,
);

window.learn = { learning: () => learning, band: () => band }; // for tests
