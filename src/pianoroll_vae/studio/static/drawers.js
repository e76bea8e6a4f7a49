// The drawers at the right: history, downloads, chart, attributes, morph, help. One is open at a time.

import { $, element } from "./dom.js";
import { letterOf } from "./takes.js";

const DRAWERS = ["history", "downloads", "chart", "attributes", "morph", "help"];

for (const name of DRAWERS) {
  const close = { className: "close", textContent: "×", title: "Close (Esc)", "aria-label": "Close", onclick: () => toggleDrawer("") };
  $(name).prepend(element("button", close));
}

const fills = new Map(); // what fills a drawer anew, once it is open

export function fillDrawer(name, fill) {
  fills.set(name, fill);
  if (!$(name).hidden) fillOpen(name);
}

function fillOpen(name) {
  fills.get(name)?.();
  fills.delete(name);
}

export function toggleDrawer(name, opens = name && $(name).hidden) {
  for (const each of DRAWERS) {
    const open = each === name && opens;
    $(each).hidden = !open;
    if (open) fillOpen(each);
    $(`show-${each}`).setAttribute("aria-expanded", String(open));
  }
}

export function openDrawer(name) {
  toggleDrawer(name, true);
}

export function closeDrawers() {
  const open = DRAWERS.some((name) => !$(name).hidden);
  if (open) toggleDrawer("");
  return open;
}

export function showHistory(state, onGo) {
  fillDrawer("history", () => fillHistory(state, onGo));
}

function fillHistory(state, onGo) {
  const items = [...state.takes].reverse().map((take) => {
    const go = element("button", { className: "go", onclick: () => onGo(take.number) });
    const time = new Date(take.made_at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const label = element("span", { className: "label", textContent: take.label + letterOf(take, state.takes) });
    go.append(element("b", { textContent: take.number }), label, element("time", { textContent: time }));
    const item = element("li", { className: take.number === state.current ? "current" : "" }, go);
    if (take.number === state.current) go.setAttribute("aria-current", "true");
    if (take.command) item.append(element("code", { textContent: take.command }));
    return item;
  });
  $("history").querySelector("ol").replaceChildren(...items);
}

export function showDownloads(song) {
  const stem = (song.name || "song").replace(/[^\w -]+/g, " ").trim().slice(0, 40) || "song";
  const files = [
    ["song.mid", "The song as MIDI", `${stem}.mid`],
    ["song.wav", "The song as WAV", `${stem}.wav`],
    ["song.png", "The song as a picture", `${stem}.png`],
    ["song.chart", "The chart", `${stem}.chart`],
    ["song.zip", "All files of this list as a ZIP", `${stem}.zip`],
  ];
  for (const lane of song.lanes) {
    if (!lane.notes.length || lane.name === "others") continue;
    files.push([`${lane.name}.mid`, `${lane.name} as MIDI`, `${stem} ${lane.name}.mid`]);
    files.push([`${lane.name}.wav`, `${lane.name} as WAV`, `${stem} ${lane.name}.wav`]);
  }
  const items = files.map(([name, text, download]) => {
    const href = `/api/takes/${song.take}/files/${encodeURIComponent(name)}`;
    const link = element("a", { href, download, textContent: text, draggable: true });
    link.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("DownloadURL", `application/octet-stream:${download}:${link.href}`);
    });
    return element("li", {}, link);
  });
  $("downloads").querySelector("ul").replaceChildren(...items);
}
