// What is being written: one piece of work at a time. While it runs, the controls that would begin another are disabled.

import { post } from "./api.js";
import { $, refused, say } from "./dom.js";
import { showMark } from "./marks.js";
import { player, shown } from "./shown.js";

const controls = document.querySelectorAll("[data-writes]");
let sending = false;
let begun = 0; // the number of the job that was begun last from this page
let playWhenWritten = false;

// A job that was sent counts before the server's state has it.
export function isBusy() {
  return sending || (shown.state !== null && (shown.state.job !== null || shown.state.jobs < begun));
}

// Whether something can be written now; the page says why not.
export function mayWrite() {
  if (!isBusy()) return true;
  say("Something is still being written: wait, or cancel it (Esc).");
  return false;
}

export async function write(wanted, thenPlay = false) {
  if (!mayWrite()) return;
  say("");
  sending = true;
  playWhenWritten = thenPlay;
  if (thenPlay) player.context.resume(); // a browser lets sound begin only with a click or a key
  showWork();
  try {
    begun = (await post("/api/jobs", wanted)).number;
  } catch (error) {
    playWhenWritten = false;
    refused(error);
  } finally {
    sending = false;
    showWork();
  }
}

// Whether the song that is being written, or was just written, is to be played.
export function isToPlay() {
  return playWhenWritten;
}

// The server may be another one, which counts anew.
export function forgetJobs() {
  begun = 0;
}

export function notWritten() {
  playWhenWritten = false;
}

export function showWork() {
  const { state } = shown;
  if (!state) return;
  const { job } = state;
  const busy = isBusy();
  $("work").hidden = !busy && state.ready;
  $("cancel").hidden = !busy;
  for (const control of controls) control.disabled = busy || !(shown.song || control.id === "new");
  $("pad").setAttribute("aria-disabled", String(busy));
  showMark();
  if (!busy && !state.ready) {
    $("progress").removeAttribute("value");
    $("work-text").textContent = state.problem || "The band is being loaded. On a new machine this takes a minute, once.";
    return;
  }
  if (job?.total) {
    $("progress").max = job.total;
    $("progress").value = job.done;
  } else $("progress").removeAttribute("value");
  const label = job?.label || "Sent";
  $("work-text").textContent = state.ready ? `${label} …` : `${label}: waits for the band …`;
}
