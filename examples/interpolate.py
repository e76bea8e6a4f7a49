"""Morph one song into another, and meet in the middle: python examples/interpolate.py WORKSPACE ONE.mid OTHER.mid"""

import sys

import pianoroll_vae as vae

workspace, one, other = sys.argv[1:4]
ensemble = vae.load(workspace)
songs = [vae.read(one), vae.read(other)]
vae.write(vae.interpolate(ensemble, *songs, steps=8), "morph.mid")
vae.write(vae.average(ensemble, songs, weights=(2, 1)), "middle.mid")
print("morph.mid, middle.mid")
