// The page: what is shown follows the server's state, and every button is a request to it.

import { get, listen } from "./api.js";
import { Attributes } from "./attributes.js";
import { applyAttributes, makeCommands, openChart } from "./commands.js";
import { $, refused, say, theme } from "./dom.js";
import { Editor } from "./editor.js";
import { bindFiles } from "./files.js";
import { bindKeys } from "./keys.js";
import { Lanes } from "./lanes.js";
import { beginMark, mark, toggleLane } from "./marks.js";
import { Morph } from "./morph.js";
import { player, rolls, shown } from "./shown.js";
import { changeChannel, edit, playBeginning, show, showGroup, showSongsWith } from "./song.js";
import { fit, setLoop, startTransport } from "./transport.js";
import { bindVelocity } from "./velocity.js";
import { forgetJobs, isBusy, notWritten, showWork, write } from "./work.js";

const seek = (tick) => player.seek(rolls.timeline.secondsAt(tick));
const editor = new Editor(rolls, { mark, beginMark, toggleLane, seek, loop: setLoop, edit, chart: openChart });
const lanes = new Lanes({ channel: changeChannel, program: (name, program) => edit({ programs: { [name]: program } }), mark: toggleLane, unfold: fit });
const morph = new Morph((takes, weights) => write({ verb: "average", takes, weights }));
const attributes = new Attributes(applyAttributes);
const commands = makeCommands(editor);

const BUTTONS = {
  play: "playOrPause", "to-start": "toStart", loop: "toggleLoop", follow: "toggleFollow", "zoom-in": "zoomIn",
  "zoom-out": "zoomOut", undo: "undo", redo: "redo", open: "openFile", rewrite: "rewrite", vary: "vary",
  accompany: "accompany", "mark-more": "markMore", continue: "continue", draw: "toggleDrawing", cancel: "cancel", "play-chart": "playChart",
  "chords-of-mark": "chordsOfMark", "show-history": "history", "show-downloads": "downloads", "show-help": "help",
  "show-chart": "chart", "show-attributes": "attributes", "show-morph": "morph",
};

function fillKeys() {
  $("key").append(new Option("any", "", true, true));
  for (const tonic of ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]) {
    for (const scale of ["major", "minor"]) $("key").append(new Option(`${tonic} ${scale}`, `${tonic} ${scale}`));
  }
}

function bind() {
  for (const [id, name] of Object.entries(BUTTONS)) $(id).addEventListener("click", () => commands[name]());
  $("new-song").addEventListener("submit", (event) => {
    event.preventDefault();
    commands.newSong();
  });
  for (const [slider, text] of [["noise", "noise-value"], ["amount", "amount-value"]]) {
    $(slider).addEventListener("input", () => ($(text).textContent = $(slider).value));
  }
  $("options").addEventListener("click", () => {
    $("options").setAttribute("aria-expanded", String($("new-song").classList.toggle("open"))); // on a narrow screen
  });
  bindFiles();
  bindVelocity(edit);
  bindKeys(commands);
}

const handlers = {
  state: show,
  progress(job) {
    if (shown.state?.job?.number !== job.number) return; // it has ended meanwhile
    shown.state.job = job;
    showWork();
    playBeginning(job);
  },
  notice: ({ text }) => say(text),
  refused(problem) {
    notWritten();
    refused({ message: problem.error, hint: problem.hint });
  },
};

async function load() {
  try {
    forgetJobs();
    await show(await get("/api/state"));
  } catch (error) {
    refused(error);
  }
}

showSongsWith({ lanes, attributes, morph });
fillKeys();
bind();
startTransport(() => editor.drag);
theme.addEventListener("change", () => shown.state && showGroup());
listen(handlers, load);

window.studio = { player, rolls, commands, isBusy, state: () => shown.state }; // for the console and for tests
