"""Read the sections, chords and key of a song, and change them: python examples/chart.py WORKSPACE SONG.mid"""

import sys

import pianoroll_vae as vae

chart = vae.chart(vae.read(sys.argv[2]))
print(chart)
print(f"The song is in {chart.key}; {chart.bars} bars, {len(set(chart.symbols()))} chords.")
with open("higher.chart", "w") as file:  # vaemusic generate --chart higher.chart plays it, a tone higher
    file.write(str(chart.transposed(2)))
