"""Change some bars of one instrument a little: python examples/vary.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
band, sketch = vae.load(workspace), vae.read(song)
for seed in range(3):
    take = vae.vary(band, sketch, seed=seed, noise={sketch.players[0]: 1.0}, bars=(3, 4))
    vae.write(take, f"varied_{seed}.mid")
    print(f"varied_{seed}.mid: {(~take.keep).sum()} notes left, {len(take.new.notes)} came")
