// Files that come in, by button or dropped onto the page, and the command line that is copied out.

import { postFile } from "./api.js";
import { $, refused, say } from "./dom.js";
import { player } from "./shown.js";
import { show } from "./song.js";

const LARGEST = 8 * 2 ** 20; // bytes, as the server takes

async function drop(file) {
  say(`Reading ${file.name} …`);
  try {
    if (file.size > LARGEST) throw Object.assign(new Error(`${file.name} is larger than 8 MB.`), { hint: "That is no song." });
    const next = await postFile(file);
    say("");
    player.pause(); // it is another song: it does not go on where the one before was
    player.seek(0);
    await show(next);
  } catch (error) {
    refused(error);
  }
}

async function copyCommand() {
  try {
    await navigator.clipboard.writeText($("command").textContent);
    say("The command line is copied.");
  } catch {
    getSelection().selectAllChildren($("command"));
    say("Press Ctrl-C to copy the command line.");
  }
}

export function bindFiles() {
  $("file").addEventListener("change", () => {
    if ($("file").files[0]) drop($("file").files[0]);
    $("file").value = "";
  });
  $("copy").addEventListener("click", copyCommand);
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
}
