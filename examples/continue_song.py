"""Go on from where a song ends: python examples/continue_song.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
ensemble, source_midi = vae.load(workspace), vae.read(song)
arrangement = vae.continue_(ensemble, source_midi, steps=2, seed=1)
vae.write(arrangement, "continued.mid")
print(f"continued.mid: {source_midi.song.beats:.0f} beats became {arrangement.song().beats:.0f}")
