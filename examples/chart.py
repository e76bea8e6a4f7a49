"""Read the sections, chords and key of a song, and change them: python examples/chart.py WORKSPACE SONG.mid"""

import sys
from pathlib import Path

import pianoroll_vae as vae

chart = vae.chart(vae.read(sys.argv[2]))
print(chart)
print(f"The song is in {chart.key}; {chart.bars} bars, {len(set(chart.symbols()))} chords.")
Path("higher.chart").write_text(str(chart.transposed(2)))  # vaemusic generate --chart higher.chart plays it
