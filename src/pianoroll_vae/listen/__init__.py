"""Show, render and evaluate songs: pictures, terminal output, audio, MIDI ports, and distances from real songs."""
