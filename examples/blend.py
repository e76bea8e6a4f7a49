"""Play a song in the style of another: python examples/blend.py WORKSPACE SONG.mid STYLE.mid"""

import sys

import pianoroll_vae as vae

workspace, song, style = sys.argv[1:4]
ensemble, source_midi = vae.load(workspace), vae.read(song)
arrangement = vae.blend(ensemble, source_midi, vae.read(style), amount=0.7, bars=(3, 6))
vae.write(arrangement, "blended.mid")
print(f"blended.mid: {(~arrangement.keep).sum()} notes left, {len(arrangement.new.notes)} came")
