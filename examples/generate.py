"""Write a new song that starts from a phrase of yours: python examples/generate.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
ensemble = vae.load(workspace)
arrangement = vae.generate(ensemble, vae.read(song), steps=4, noise=1.0, seed=1, form="AABA", key="auto")
vae.write(arrangement, "generated.mid", "generated.png")
rolls = arrangement.song().rolls()
print(f"generated.mid: rolls {rolls.shape}, {(rolls > 0).mean():.2%} of the cells sound")
