"""Keep one instrument and have the others written: python examples/accompany.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
band, sketch = vae.load(workspace), vae.read(song)
take = vae.accompany(band, sketch, keep=sketch.players[:1], seed=1, chords="Am F C G")
vae.write(take, "accompanied.mid", "accompanied.png")
print(f"accompanied.mid: {take.keep.sum()} notes kept, {len(take.new.notes)} written")
