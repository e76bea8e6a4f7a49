"""Make an instrument denser, in five steps, with a picture: python examples/attributes.py BAND SONG.mid [INSTRUMENT]

BAND is the word bundled, or a workspace whose attributes are learned (vaemusic attributes learn).
"""

import sys

from matplotlib.figure import Figure

import pianoroll_vae as vae

folder, song, *names = sys.argv[1:4]
ensemble, source_midi = vae.load(folder), vae.read(song)
name = names[0] if names and names[0] in ensemble.band.names else source_midi.playing[0]
instrument, amounts, bars = ensemble.band.index(name), (-2, -1, 0, 1, 2), 8
own = source_midi.song.notes[source_midi.song.notes.instrument == instrument]
begin = int(own.start.min()) // (4 * source_midi.song.steps_per_beat) * 4  # the beat of the bar in which it enters
figure = Figure(figsize=(12, 8), layout="constrained")
for axes, amount in zip(figure.subplots(len(amounts), 1, sharex=True, sharey=True), amounts, strict=True):
    arrangement = vae.apply_attributes(ensemble, source_midi, folder, {f"{name}.density": amount})
    vae.write(arrangement, f"density_{amount:+}.mid")
    changed = arrangement.song()
    notes = changed.notes[changed.notes.instrument == instrument]
    print(f"density {amount:+}: {len(notes)} notes of the {name}")
    shown = notes.between(begin * changed.steps_per_beat, (begin + 4 * bars) * changed.steps_per_beat)
    beats, lengths = shown.start / changed.steps_per_beat + begin, shown.length / changed.steps_per_beat
    axes.barh(shown.pitch, lengths, left=beats, height=0.8, color="#0072B2")
    axes.set_title(f"density {amount:+}: {len(notes)} notes", fontsize=9)
    axes.set_ylabel("pitch", fontsize=8)
axes.set_xlabel(f"beats, the first {bars} bars of the {name}")
figure.savefig("density_sweep.png", dpi=110)
print("density_sweep.png")
