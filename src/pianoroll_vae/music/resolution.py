"""The grids that several modules share, in steps per beat, and the bar of four beats in which they count."""

BEATS_PER_BAR = 4

SIXTEENTHS_PER_BEAT = 4
SIXTEENTHS_PER_BAR = SIXTEENTHS_PER_BEAT * BEATS_PER_BAR

TWELFTHS_PER_BEAT = 12
"""Of bars (`music.bars`): sixteenths and triplets."""
TWELFTHS_PER_BAR = TWELFTHS_PER_BEAT * BEATS_PER_BAR

FINE_STEPS_PER_BEAT = 24
"""The resolution of the Lakh Pianoroll Dataset: sixteenths, thirty-seconds and triplets all fall on steps."""
FINE_STEPS_PER_BAR = FINE_STEPS_PER_BEAT * BEATS_PER_BAR
