"""What music is: bands, notes, rolls, songs, datasets and MIDI, in numpy alone."""
