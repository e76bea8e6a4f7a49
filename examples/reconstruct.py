"""Encode and decode a song: python examples/reconstruct.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
ensemble = vae.load(workspace)
arrangement, scores = vae.reconstruct(ensemble, vae.read(song))
vae.write(arrangement, "reconstructed.mid", "reconstructed.png")
for each in scores:
    print(f"{each.instrument:8} F1 of onsets {each.onset_f1 or 0:.2f}, of {each.cells} cells {each.cell_f1 or 0:.2f}")
