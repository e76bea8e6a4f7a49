"""Morph one song into another, and meet in the middle: python examples/interpolate.py WORKSPACE ONE.mid OTHER.mid"""

import sys

import pianoroll_vae as vae

ensemble = vae.load(sys.argv[1])
one, other = vae.read(sys.argv[2]), vae.read(sys.argv[3])
vae.write(vae.interpolate(ensemble, one, other, steps=8), "morph.mid")
vae.write(vae.average(ensemble, [one, other], weights=(2, 1)), "middle.mid")
for step, song in enumerate(vae.interpolate_stepwise(ensemble, one, other, steps=3)):
    vae.write(song, f"step_{step}.mid")
print("morph.mid, middle.mid, step_0.mid to step_2.mid")
