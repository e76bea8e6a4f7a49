// Converts between ticks, seconds and bars of a song, through all its tempo changes; ranges of numbers.

// All numbers between two, both included.
export function range(from, to) {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}

function lastAtOrBefore(values, wanted) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return Math.max(low - 1, 0);
}

export class Timeline {
  constructor(song) {
    this.ticks = song.ticks;
    this.bars = song.bars.length ? song.bars : [0];
    this.beat = song.ticks_per_beat;
    this.changes = song.tempo.map(([tick]) => tick);
    this.pace = song.tempo.map(([, bpm]) => 60 / (bpm * song.ticks_per_beat)); // seconds a tick
    this.reached = [0];
    for (let i = 1; i < this.changes.length; i++) {
      this.reached.push(this.reached[i - 1] + (this.changes[i] - this.changes[i - 1]) * this.pace[i - 1]);
    }
    this.seconds = this.secondsAt(song.ticks);
  }

  secondsAt(tick) {
    const i = lastAtOrBefore(this.changes, tick);
    return this.reached[i] + (tick - this.changes[i]) * this.pace[i];
  }

  tickAt(seconds) {
    const i = lastAtOrBefore(this.reached, seconds);
    return this.changes[i] + (seconds - this.reached[i]) / this.pace[i];
  }

  // The number of the bar in which a tick lies, from 0.
  barAt(tick) {
    return lastAtOrBefore(this.bars, tick);
  }

  barStart(bar) {
    return bar >= this.bars.length ? this.ticks : this.bars[Math.max(bar, 0)];
  }
}
