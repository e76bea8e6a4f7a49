"""Change some bars of one instrument a little: python examples/vary.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

workspace, song = sys.argv[1:3]
ensemble, source_midi = vae.load(workspace), vae.read(song)
for seed in range(3):
    arrangement = vae.vary(ensemble, source_midi, seed=seed, noise={source_midi.playing[0]: 1.0}, bars=(3, 4))
    vae.write(arrangement, f"varied_{seed}.mid")
    print(f"varied_{seed}.mid: {(~arrangement.keep).sum()} notes left, {len(arrangement.new.notes)} came")
