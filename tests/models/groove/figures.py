"""Figures as a groove model has them."""

from pianoroll_vae.models.groove.figures import GrooveFigures, MeanErrors

ERRORS = MeanErrors(18.0, 20.0, 19.5, 19.4, hits=320, songs=4)
FIGURES = GrooveFigures(30, 0.8, 0.4, ERRORS, ERRORS, ERRORS, completion_f1=0.4, repeated_bar_f1=0.3)
