"""Songs between two songs, in latent space and by blending notes: python examples/interpolation_cost.py BAND DATASET.h5

Draws what figure 4 of the MusicVAE paper (Roberts et al. 2018) shows, for pairs of held-out songs, or of MIDI files
named in place of the dataset. Blending takes each step from one song or the other, by chance. The cost of a song is the
share of its onsets that do not come back through the VAE, 1 - F1. It is measured by the VAE that also made the latent
path, where the paper has an independent language model: it shows how far blended songs are from the songs that the VAE
knows, and not that songs on the latent path are better than real ones.
"""

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import pianoroll_vae as vae
from pianoroll_vae.desk.mixing import phrases_of
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.key import key_of_notes
from pianoroll_vae.music.measures.agreement import onset_f1
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.transposition import transpose_song

PAIRS, PHRASES, WEIGHTS = 40, 4, np.linspace(0, 1, 9)
band, rng = vae.load(sys.argv[1]), np.random.default_rng(0)
if sys.argv[2].endswith(".h5"):
    dataset = Dataset.open(Path(sys.argv[2]))
    held_out = [index for index, entry in enumerate(dataset.songs) if entry.split == "test" and all(entry.notes)]
    songs = [dataset.song(index) for index in rng.permutation(held_out)[: 2 * PAIRS].tolist()]
    pairs = list(zip(songs[::2], songs[1::2], strict=False))
else:
    pairs = list(combinations([vae.read(path).song for path in sys.argv[2:]], 2))[:PAIRS]


def in_c(song: Song) -> Song:
    """The song in C major or A minor, its first phrases."""
    key = key_of_notes(song.notes, song.band.drums)
    root = 0 if key is None else key.root + 3 * (key.scale == "minor")
    return band.on_grid(transpose_song(song, -((root + 5) % 12 - 5))).between(0, PHRASES * band.phrase_steps)


def distance(one: Notes, other: Notes) -> float:
    """1 - F1 of onsets."""
    return 1 - (onset_f1(one, other) or 0.0)


figures = []
for one, other in ((in_c(one), in_c(other)) for one, other in pairs):
    count = max(min(one.steps, other.steps) // band.phrase_steps, 1)
    phrases, steps = phrases_of([one, other], count), count * band.phrase_steps
    ends = [song.notes.between(0, steps) for song in (one, other)]
    for weight in WEIGHTS:
        mixed = band.mix([one, other], phrases, np.tile([[1 - weight], [weight]], count), keep_keys=True)
        from_other = rng.random(steps) < weight
        blended = Notes.concatenate([end[from_other[end.start] == bool(place)] for place, end in enumerate(ends)])
        for notes in (mixed, blended):
            returned = band.reconstruct(Song(band.band, notes, steps, band.steps_per_beat))
            figures.append([distance(notes, ends[0]), distance(notes, ends[1]), distance(notes, returned)])
mean = np.array(figures).reshape(len(pairs), len(WEIGHTS), 2, 3).mean(0)  # (weights, 2 methods, 3 figures)

figure = Figure(figsize=(7, 6), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True)
for method, (name, colour) in enumerate((("latent path", "#0072B2"), ("blended notes", "#D55E00"))):
    above.plot(WEIGHTS, mean[:, method, 0], "-", color=colour, label=f"{name}, to a")
    above.plot(WEIGHTS, mean[:, method, 1], "--", color=colour, label=f"{name}, to b")
    below.plot(WEIGHTS, mean[:, method, 2], "-", color=colour, label=name)
    at_ends, middle = mean[[0, -1], method, 2].mean(), mean[len(WEIGHTS) // 2, method, 2]
    print(f"{name}: cost {at_ends:.3f} at the ends, {middle:.3f} in the middle")
    print("  distance to a:", mean[:, method, 0].round(2).tolist(), "cost:", mean[:, method, 2].round(3).tolist())
above.set(ylabel="distance, 1 - F1", ylim=(0, 1), title=f"Between a (left) and b (right): mean of {len(pairs)} pairs")
below.set(ylabel="cost: onsets that do not come back", ylim=(0, None), xlabel="weight of b")
above.legend(fontsize=8)
below.legend(fontsize=8)
figure.savefig("interpolation_cost.png", dpi=120)
print("interpolation_cost.png")
