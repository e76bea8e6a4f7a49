"""Play a song in the style of another: python examples/blend.py WORKSPACE SONG.mid STYLE.mid"""

import sys

import pianoroll_vae as vae

workspace, song, style = sys.argv[1:4]
band, sketch = vae.load(workspace), vae.read(song)
take = vae.blend(band, sketch, vae.read(style), amount=0.7, bars=(3, 6))
vae.write(take, "blended.mid")
print(f"blended.mid: {(~take.keep).sum()} notes left, {len(take.new.notes)} came")
