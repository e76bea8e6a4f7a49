"""Show, render and evaluate songs: pictures, terminal output, audio, and distances from real songs."""
