"""Walk through the latent space of one instrument, with a picture: python examples/latent_walk.py WORKSPACE SONG.mid

One dimension of the instrument's strongest latent after the other is moved from low to high; each roll is decoded
from the latent with the offset above it.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
ensemble, source_midi = vae.load(workspace), vae.read(song)
instrument = ensemble.band.index(source_midi.playing[0])
latents = ensemble.encode(source_midi.song)
segment = int(np.abs(latents[:, instrument]).sum(-1).argmax())
offsets = np.linspace(-2, 2, 5)
dimensions = range(latents.shape[2])[-4:]
walk = np.tile(latents[segment], (len(dimensions) * len(offsets), 1, 1))
for place, (dimension, offset) in enumerate((d, o) for d in dimensions for o in offsets):
    walk[place, instrument, dimension] += offset
steps = ensemble.segment_beats * ensemble.steps_per_beat
whole = ensemble.decode(walk).rolls(len(ensemble.band), len(walk) * steps)[instrument]
rolls = whole.reshape(len(walk), steps, -1)

figure = Figure(figsize=(2.2 * len(offsets), 1.6 * len(dimensions)))
grid = figure.subplots(len(dimensions), len(offsets))
for place, (axes, roll) in enumerate(zip(grid.flat, rolls, strict=True)):
    axes.imshow(roll.T > 0, origin="lower", aspect="auto", cmap="Greys", interpolation="nearest")
    axes.set_title(f"z{place // len(offsets)} {offsets[place % len(offsets)]:+.0f}", fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
figure.suptitle(f"What moves when the {source_midi.playing[0]}'s latent does")
figure.savefig("latent_walk.png", dpi=120)
print("latent_walk.png")
