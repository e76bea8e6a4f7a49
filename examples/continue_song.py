"""Go on from where a song ends: python examples/continue_song.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
band, sketch = vae.load(workspace), vae.read(song)
take = vae.go_on(band, sketch, steps=2, seed=1)
vae.write(take, "continued.mid")
print(f"continued.mid: {sketch.song.beats:.0f} beats became {take.song().beats:.0f}")
