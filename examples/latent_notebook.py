"""Experiments in latent space, cell by cell as in a notebook: python examples/latent_notebook.py BAND ONE.mid OTHER.mid

BAND is a workspace, or the word bundled. Each cell prints the shapes of its arrays; editors show `# %%` as cells.
"""

# %% Encode: a latent for each segment (a bar, or a phrase of 16 beats) of each instrument
import sys

import numpy as np
from numpy.typing import NDArray

import pianoroll_vae as vae
from pianoroll_vae.models.ensemble import Latents
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.song import Song

folder, one_path, other_path = sys.argv[1:4]
band = vae.load(folder)
instruments, steps = len(band.band), band.segment_beats * band.steps_per_beat
a, b = (band.encode(vae.read(path).song) for path in (one_path, other_path))
print("latents (segments, instruments, latent_size):", a.shape, b.shape, a.dtype)


# %% Decode: latents back to notes, and notes as a piano roll or onsets
def decoded(latents: Latents) -> Song:
    """The song of latents (segments, instruments, latent_size)."""
    return Song(band.band, band.decode(latents), len(latents) * steps, band.steps_per_beat)


def onsets(latents: Latents) -> NDArray[np.int64]:
    """(segments, instruments): how many notes begin in each segment."""
    song = decoded(latents)
    marks = song.notes.onsets(instruments, song.steps)  # (instruments, steps, 128) bool
    return np.asarray(marks.reshape(instruments, len(latents), -1).sum(-1).T)


print("rolls (instruments, steps, 128):", decoded(a).rolls().shape, "onsets:", onsets(a).sum())

# %% Interpolate: the same segment of both songs, in nine steps
segment = min(len(a), len(b)) // 2
weights = np.linspace(0, 1, 9, dtype=np.float32)[:, None, None]  # (9, 1, 1)
path = np.asarray((1 - weights) * a[segment] + weights * b[segment], np.float32)
print("path (9, instruments, latent_size):", path.shape, "notes:", onsets(path).sum(1))
vae.write(Arrangement(decoded(path)), "path.mid", "path.png")

# %% Average: the middle of the two songs
shorter = min(len(a), len(b))
middle = np.asarray((a[:shorter] + b[:shorter]) / 2, np.float32)
print("middle (segments, instruments, latent_size):", middle.shape)
vae.write(Arrangement(decoded(middle)), "middle.mid")

# %% Attribute vector: how latents change with the number of notes, by regression over the segments of both songs
latents = np.concatenate([a, b])
notes = onsets(latents).astype(np.float32)
notes = (notes - notes.mean(0)) / np.maximum(notes.std(0), 1)  # in standard deviations
vector = (notes[..., None] * (latents - latents.mean(0))).mean(0)
print("density vector (instruments, latent_size):", vector.shape)
for amount in (-2, -1, 0, 1, 2):
    print(f"density {amount:+}: {onsets(a + amount * vector).sum()} notes")
np.savez("latents.npz", one=a, other=b, path=path, middle=middle, density=vector)
print("path.mid, path.png, middle.mid, latents.npz")
