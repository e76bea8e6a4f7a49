"""Keep one instrument and have the others written: python examples/accompany.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
ensemble, source_midi = vae.load(workspace), vae.read(song)
arrangement = vae.accompany(ensemble, source_midi, keep=source_midi.playing[:1], seed=1, chords="Am F C G")
vae.write(arrangement, "accompanied.mid", "accompanied.png")
print(f"accompanied.mid: {arrangement.keep.sum()} notes kept, {len(arrangement.new.notes)} written")
