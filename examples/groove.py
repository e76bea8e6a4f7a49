"""Play a stiff or tapped rhythm as a drummer would: python examples/groove.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

source_midi = vae.read(sys.argv[2])
for amount in (0.0, 1.0, 2.0):  # stiff, as learned, and more of it
    arrangement = vae.groove(source_midi, amount=amount)
    velocities = arrangement.new.notes.velocity
    vae.write(arrangement, f"grooved_{amount:g}.mid")
    print(f"grooved_{amount:g}.mid: {len(velocities)} hits, velocities {velocities.min()} to {velocities.max()}")
