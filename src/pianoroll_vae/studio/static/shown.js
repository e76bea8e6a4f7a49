// What the page shows now, shared by its modules, and the line in which it speaks.

import { $ } from "./dom.js";
import { Player } from "./player.js";
import { Rolls } from "./rolls.js";

export const player = new Player();
export const rolls = new Rolls($("rolls"), $("extent"), $("scroll"));

export const shown = {
  state: null, // the server's
  song: null, // the current take's
  group: [], // takes that are shown side by side
};

export function say(text, error = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", error);
}

export function refused(error) {
  say([error.message, error.hint].filter(Boolean).join(" "), true);
}
