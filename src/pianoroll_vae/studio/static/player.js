// Plays a song with Web Audio: pieces of a few bars, each instrument alone, scheduled ahead to the sample.
//
// Pieces overlap: a piece holds the notes that begin in it, until they have faded. Time runs in spans, each a stretch of
// the song that is played without a jump; a loop begins a span whenever it jumps back.

import { sound } from "./api.js";
import { Timeline } from "./timeline.js";

const AHEAD = 3; // seconds that are scheduled
const PREFETCH = 10; // seconds that are loaded
const PASSING = 400; // milliseconds after which the beginning of a song that is only looked at is loaded
const REST = 1500; // milliseconds of silence after which the loudspeaker is let go
const RELEASE = 2.5; // seconds for which a note may fade
const START = 0.06; // seconds from a click to the first sample
const CACHED = 96 * 2 ** 20; // bytes of samples that are kept
const VOLUME = 1.6; // pieces are rendered at half loudness

export class Player extends EventTarget {
  constructor() {
    super();
    this.song = null;
    this.playing = false;
    this.at = 0; // seconds of the song while it does not play
    this.loopBars = null; // [first, the one after the last]
    this.loop = null; // the same in seconds
    this.mixer = {};
    this.buffers = new Map();
    this.loading = new Map();
    this.spans = [];
    this.channels = new Map();
    this.run = 0; // counts plays, so that what was loaded for an earlier one is not started
  }

  get context() {
    if (!this.audio) {
      this.audio = new AudioContext({ sampleRate: 44100, latencyHint: "interactive" });
      this.master = this.audio.createGain();
      this.master.gain.value = VOLUME;
      const limiter = this.audio.createDynamicsCompressor();
      limiter.threshold.value = -4;
      limiter.ratio.value = 12;
      limiter.attack.value = 0.002;
      limiter.release.value = 0.15;
      this.analyser = this.audio.createAnalyser();
      this.analyser.fftSize = 2048;
      this.master.connect(limiter).connect(this.analyser).connect(this.audio.destination);
    }
    return this.audio;
  }

  // The loudest of the last samples that were sent to the loudspeaker, 0 to 1.
  level() {
    if (!this.analyser) return 0;
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  }

  // Another song, or the same one after an edit. Playing goes on at the same bar; with `from`, it begins at that second.
  load(song, from = null) {
    const bar = this.timeline ? this.timeline.barAt(this.timeline.tickAt(this.position())) : 0;
    const within = this.timeline ? this.position() - this.timeline.secondsAt(this.timeline.barStart(bar)) : 0;
    this.#take(song);
    const at = from ?? Math.min(this.timeline.secondsAt(this.timeline.barStart(bar)) + within, this.timeline.seconds);
    const plays = this.playing || from !== null;
    this.#stop();
    this.at = at;
    if (plays) this.play();
    else this.#prefetch(this.at);
  }

  // The same song, of which more is written. What plays goes on.
  extend(song) {
    this.#take(song);
    const last = this.spans[this.spans.length - 1];
    if (last && !last.looped) last.to = this.end;
    else if (!last && this.playing && !this.starting) this.play(this.at); // it had come to the end of what was written
    if (!this.playing) this.#prefetch(this.at);
  }

  #take(song) {
    this.song = song;
    this.timeline = new Timeline(song);
    this.end = this.timeline.secondsAt(song.written);
    this.starts = song.pieces.map((tick) => this.timeline.secondsAt(tick));
    this.sounding = song.lanes.map((lane) => this.#ends(lane));
    this.#placeLoop();
  }

  // The same bars lie elsewhere in a song with another tempo.
  #placeLoop() {
    const bars = this.loopBars;
    const isInSong = bars && bars[0] < this.timeline.bars.length;
    this.loop = isInSong ? bars.map((bar) => this.timeline.secondsAt(this.timeline.barStart(bar))) : null;
  }

  // For each piece, the second at which the last of its notes has faded.
  #ends(lane) {
    const ends = new Array(this.song.pieces.length - 1).fill(0);
    let piece = 0;
    for (const [, , start, length] of lane.notes) {
      while (piece + 1 < ends.length && start >= this.song.pieces[piece + 1]) piece++;
      ends[piece] = Math.max(ends[piece] || 0, this.timeline.secondsAt(start + length) + RELEASE);
    }
    return ends;
  }

  position() {
    if (!this.playing) return this.at;
    const now = this.context.currentTime - (this.context.outputLatency || 0);
    let span = this.spans[0];
    for (const next of this.spans) if (next.at <= now) span = next;
    if (!span) return this.at;
    return Math.min(span.from + Math.max(now - span.at, 0), span.to);
  }

  async play(from = this.at) {
    if (!this.song) return;
    const run = ++this.run;
    this.#silence();
    if (from >= this.timeline.seconds - 0.01) from = 0;
    if (this.loop && (from < this.loop[0] || from >= this.loop[1])) from = this.loop[0];
    this.at = from;
    this.playing = true;
    this.starting = true;
    clearTimeout(this.prefetching);
    clearTimeout(this.resting);
    this.dispatchEvent(new Event("change"));
    await this.context.resume();
    await Promise.all(this.#needed(from, from + 0.5).map(([lane, piece]) => this.#buffer(lane, piece)));
    if (run !== this.run) return;
    this.starting = false;
    this.spans = [this.#span(from, this.context.currentTime + START)];
    this.timer = setInterval(() => this.#schedule(), 150);
    this.#schedule();
  }

  pause() {
    this.at = this.position();
    this.#stop();
  }

  seek(seconds) {
    const at = Math.min(Math.max(seconds, 0), this.timeline ? this.end : 0);
    if (this.playing) this.play(at);
    else {
      this.at = at;
      this.#prefetch(at);
      this.dispatchEvent(new Event("change"));
    }
  }

  setLoop(bars) {
    this.loopBars = bars;
    if (this.timeline) this.#placeLoop();
    if (this.playing) this.play(this.position());
  }

  setMixer(mixer) {
    this.mixer = mixer;
    for (const [name, gain] of this.channels) {
      gain.gain.setTargetAtTime(this.#gain(name), this.context.currentTime, 0.01);
    }
  }

  // Whether an instrument is neither muted nor beside one that plays solo.
  isHeard(name) {
    const soloed = Object.values(this.mixer).some((each) => each.solo);
    const channel = this.mixer[name];
    return !channel?.mute && (!soloed || Boolean(channel?.solo));
  }

  #gain(name) {
    const channel = this.mixer[name];
    if (!channel) return 0.8;
    return this.isHeard(name) ? channel.volume ** 2 * 1.5625 : 0; // 0.8 is the loudness of the file
  }

  #channel(name) {
    if (!this.channels.has(name)) {
      const gain = this.context.createGain();
      gain.gain.value = this.#gain(name);
      gain.connect(this.master);
      this.channels.set(name, gain);
    }
    return this.channels.get(name);
  }

  #span(from, at) {
    const looped = this.loop && from < this.loop[1];
    return { from, at, to: looped ? this.loop[1] : this.end, looped, started: new Set(), sources: [] };
  }

  // [lane, piece] of all pieces that are heard between two seconds.
  #needed(from, to) {
    const needed = [];
    this.song.lanes.forEach((lane, index) => {
      lane.sounds.forEach((digest, piece) => {
        if (digest && this.starts[piece] < to && this.sounding[index][piece] > from) needed.push([index, piece]);
      });
    });
    return needed;
  }

  #buffer(lane, piece) {
    const digest = this.song.lanes[lane].sounds[piece];
    if (this.buffers.has(digest)) return this.buffers.get(digest);
    if (!this.loading.has(digest)) {
      const loaded = sound(this.song.address, lane, piece, digest)
        .then((data) => this.context.decodeAudioData(data))
        .then((buffer) => this.#keep(digest, buffer))
        .catch((error) => this.dispatchEvent(new CustomEvent("problem", { detail: error })))
        .finally(() => this.loading.delete(digest));
      this.loading.set(digest, loaded);
    }
    return this.loading.get(digest);
  }

  #keep(digest, buffer) {
    this.buffers.set(digest, buffer);
    const near = new Set();
    const at = this.position();
    for (const [lane, piece] of this.#needed(at - 2, at + PREFETCH)) near.add(this.song.lanes[lane].sounds[piece]);
    let size = 0;
    for (const each of this.buffers.values()) size += each.length * each.numberOfChannels * 4;
    for (const [name, each] of this.buffers) {
      if (size <= CACHED) break;
      if (near.has(name) || name === digest) continue;
      this.buffers.delete(name);
      size -= each.length * each.numberOfChannels * 4;
    }
    return buffer;
  }

  // So that it begins at once when it is to be played. Nothing is loaded of songs and places that are passed over.
  #prefetch(at) {
    clearTimeout(this.prefetching);
    this.prefetching = setTimeout(() => {
      if (this.song && !this.playing) for (const [lane, piece] of this.#needed(at, at + 1)) this.#buffer(lane, piece);
    }, PASSING);
  }

  #schedule() {
    const now = this.context.currentTime;
    let last = this.spans[this.spans.length - 1];
    while (last.looped && last.at + last.to - last.from < now + AHEAD) {
      last = this.#span(this.loop[0], last.at + last.to - last.from);
      this.spans.push(last);
    }
    if (!last.looped && now > last.at + last.to - last.from) {
      this.#finish();
      return;
    }
    for (const span of this.spans) {
      const at = span.from + Math.max(now - span.at, 0);
      const until = Math.min(span.to, span.from + now + AHEAD - span.at);
      for (const [lane, piece] of this.#needed(at, until)) this.#start(span, lane, piece);
      for (const [lane, piece] of this.#needed(at, Math.min(span.to, at + PREFETCH))) this.#buffer(lane, piece);
    }
    this.spans = this.spans.filter((span, i) => i === this.spans.length - 1 || span.at + span.to - span.from > now - 1);
  }

  // At the end of the song; at that of what is written, playing waits for more.
  #finish() {
    const waits = this.end < this.timeline.seconds;
    if (waits) this.#silence();
    else this.#stop();
    this.at = waits ? this.end : 0;
    this.dispatchEvent(new Event("change"));
  }

  #start(span, lane, piece) {
    const name = `${lane}/${piece}`;
    const buffer = this.#buffer(lane, piece);
    if (span.started.has(name) || !(buffer instanceof AudioBuffer)) return;
    span.started.add(name);
    let when = span.at + this.starts[piece] - span.from;
    let offset = Math.max(span.at - when, 0);
    when = Math.max(when, span.at);
    if (when < this.context.currentTime) {
      offset += this.context.currentTime - when;
      when = this.context.currentTime;
    }
    if (offset >= buffer.duration) return;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#channel(this.song.lanes[lane].name));
    source.start(when, offset);
    if (span.looped) source.stop(span.at + span.to - span.from);
    span.sources.push(source);
    source.onended = () => {
      source.disconnect();
      span.sources.splice(span.sources.indexOf(source), 1);
    };
  }

  #silence() {
    clearInterval(this.timer);
    for (const span of this.spans) {
      for (const source of [...span.sources]) {
        source.onended = null;
        source.stop();
        source.disconnect();
      }
    }
    this.spans = [];
  }

  #stop() {
    this.run++;
    this.#silence();
    this.playing = false;
    this.starting = false;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.audio?.suspend(), REST);
    this.dispatchEvent(new Event("change"));
  }
}
