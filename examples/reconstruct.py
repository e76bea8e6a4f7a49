"""See what the models hear in a song: python examples/reconstruct.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
band = vae.load(workspace)
arrangement, alike = vae.reconstruct(band, vae.read(song))
vae.write(arrangement, "heard.mid", "heard.png")
for each in alike:
    print(f"{each.instrument:8} {each.cells:6} cells  F1 {each.f1 or 0:.2f}")
