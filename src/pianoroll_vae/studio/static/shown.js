// What the page shows now, shared by its modules.

import { $ } from "./dom.js";
import { Player } from "./player.js";
import { Rolls } from "./rolls.js";

export const player = new Player();
export const rolls = new Rolls($("rolls"), $("extent"), $("scroll"));

export const shown = {
  state: null, // the server's
  song: null, // the current take's
  group: [], // takes that are shown side by side
  density: {}, // of what is newly written, by instrument; "" as missing where none is chosen
};
