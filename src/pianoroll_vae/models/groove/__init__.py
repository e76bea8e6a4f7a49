"""Drum performance: velocities and timing for quantised drums, and a whole kit for a tapped rhythm."""
