"""Walk through the latent space of one instrument, with a picture: python examples/latent_walk.py WORKSPACE SONG.mid

From the song's second phrase on, one latent dimension after the other is pulled from low to high; the roll under each
pair of numbers is what the band then plays.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
band, source_midi = vae.load(workspace), vae.read(song)
who = band.band.index(source_midi.players[0])
latent = band.encode(band.to_phrases(source_midi.song)[:2])[-1]
pulls = np.linspace(-2, 2, 5)
dimensions = range(min(band.recipe.latent_size, 4))
walk = np.tile(latent, (len(dimensions) * len(pulls), 1, 1))
for place, (dimension, pull) in enumerate((d, p) for d in dimensions for p in pulls):
    walk[place, who, dimension] += pull
rolls = band.decode(walk)[:, who]

figure = Figure(figsize=(2.2 * len(pulls), 1.6 * len(dimensions)))
for axes, roll, place in zip(figure.subplots(len(dimensions), len(pulls)).flat, rolls, range(len(rolls)), strict=True):
    axes.imshow(roll.T > 0, origin="lower", aspect="auto", cmap="Greys", interpolation="nearest")
    axes.set_title(f"z{place // len(pulls)} {pulls[place % len(pulls)]:+.0f}", fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
figure.suptitle(f"What moves when the {source_midi.players[0]}'s latent does")
figure.savefig("latent_walk.png", dpi=120)
print("latent_walk.png")
