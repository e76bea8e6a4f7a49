// Two songs of unknown origin: both are heard at the same bar, then there is a vote and the score.

import { get, listen, post } from "./api.js";
import { $, element, pressed, refused, say } from "./dom.js";
import { Player } from "./player.js";

const SIDES = ["a", "b"];
const player = new Player();
let songs = null; // { a, b }
let trial = 0;
let heard = "";
let voted = true;
let showing = null; // until the position is shown again

function showWork(job) {
  $("begin").disabled = job !== null;
  $("progress").hidden = $("cancel").hidden = job === null;
  if (job?.total) [$("progress").max, $("progress").value] = [job.total, job.done];
  else $("progress").removeAttribute("value");
}

async function begin() {
  player.context.resume();
  player.pause();
  say("A song is being written …");
  try {
    await post("/api/trials");
  } catch (error) {
    refused(error);
  }
}

async function open(number) {
  const load = async (side) => {
    const address = `/api/trials/${number}/${side}`;
    return [side, { address, ...(await get(address)) }];
  };
  songs = Object.fromEntries(await Promise.all(SIDES.map(load)));
  [trial, heard, voted] = [number, "", false];
  $("trial").reset();
  $("trial").hidden = false;
  $("vote").disabled = false;
  say("Hear both, as often as you like.");
  hear("a");
}

// The other song goes on where this one is.
function hear(side) {
  if (!songs) return;
  const fresh = heard === "";
  heard = side;
  player.load(songs[side]);
  if (!player.playing) player.play(fresh ? 0 : player.at);
  for (const each of SIDES) pressed($(`hear-${each}`), each === side);
}

async function vote(event) {
  event.preventDefault();
  if (voted) return;
  const answers = new FormData($("trial"));
  try {
    const { correct, real, generated } = await post(`/api/trials/${trial}/vote`, { better: answers.get("better"), real: answers.get("real") });
    voted = true;
    $("vote").disabled = true;
    say(`${correct ? "Right" : "Wrong"}: people made “${real}”. The other one was written by: ${generated}`);
    await showScore();
  } catch (error) {
    refused(error);
  }
}

const percent = (part, whole) => (whole ? `${part} of ${whole} (${Math.round((100 * part) / whole)} %)` : "none");

async function showScore() {
  const { votes, score } = await get("/api/trials");
  $("score").hidden = !votes.length;
  $("summary").textContent =
    `The written song was liked better in ${percent(score.preferred, score.decided)} of the votes for one of them, p = ${score.preferred_p.toFixed(3)}. ` +
    `The song that people made was recognised in ${percent(score.recognised, score.votes)}, p = ${score.recognised_p.toFixed(3)}. ` +
    "By chance, both are a half; p is the probability of a result at least as far from it.";
  const better = { real: "made by people", generated: "written", same: "the same" };
  const rows = [...votes].reverse().map((each) => {
    const cells = [each.trial, better[each.better], each.correct ? "yes" : "no", each.real, each.generated];
    return element("tr", {}, ...cells.map((text) => element("td", { textContent: String(text) })));
  });
  $("votes").replaceChildren(...rows);
}

function playOrPause() {
  if (!songs) return;
  if (player.playing) player.pause();
  else player.play();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const command = { a: () => hear("a"), b: () => hear("b"), " ": event.target.matches("button, input, a") ? null : playOrPause }[event.key];
  if (!command) return;
  event.preventDefault();
  command();
}

// Ten times a second while a song plays.
function showPosition() {
  clearTimeout(showing);
  if (player.playing) showing = setTimeout(showPosition, 100);
  if (songs) $("position").textContent = `bar ${player.timeline.barAt(player.timeline.tickAt(player.position())) + 1}`;
}

for (const side of SIDES) $(`hear-${side}`).addEventListener("click", () => hear(side));
$("pause").addEventListener("click", playOrPause);
$("begin").addEventListener("click", begin);
$("cancel").addEventListener("click", () => post("/api/cancel").catch(refused));
$("trial").addEventListener("submit", vote);
addEventListener("keydown", keys);
player.addEventListener("change", () => {
  $("pause").textContent = player.playing ? "Pause" : "Play";
  showPosition();
});
player.addEventListener("problem", (event) => refused(event.detail));
listen(
  {
    state: (state) => showWork(state.job),
    progress: showWork,
    trial: ({ trial: number }) => open(number).catch(refused),
    notice: ({ text }) => say(text),
    refused: (problem) => refused({ message: problem.error, hint: problem.hint }),
  },
  async () => {
    try {
      showWork((await get("/api/state")).job);
      await showScore();
    } catch (error) {
      refused(error);
    }
  },
);

window.blind = { player, trial: () => trial }; // for tests
