"""Make a song denser (learn once: vaemusic attributes learn): python examples/attributes.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
band, sketch = vae.load(workspace), vae.read(song)
for amount in (-1.5, 1.5):
    take = vae.apply(band, sketch, workspace, {"density": amount})
    vae.write(take, f"density_{amount:+}.mid")
    print(f"density {amount:+}: {len(sketch.song.notes)} notes became {len(take.song().notes)}")
