"""Make a song denser (learn once: vaemusic attributes learn): python examples/attributes.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
ensemble, source_midi = vae.load(workspace), vae.read(song)
for amount in (-1.5, 1.5):
    arrangement = vae.apply_attributes(ensemble, source_midi, workspace, {"density": amount})
    vae.write(arrangement, f"density_{amount:+}.mid")
    print(f"density {amount:+}: {len(source_midi.song.notes)} notes became {len(arrangement.song().notes)}")
