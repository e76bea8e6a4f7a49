"""How much likelier the chart writer makes the chords that distinguish a key from those with which it is confused."""

import numpy as np

from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.sampling import DOMINANT_BONUS, FIFTHS_STRENGTH, RELATIVE_STRENGTH
from pianoroll_vae.music.chord_labels import CHORD_TONES, NO_CHORD, QUALITY_NAMES
from pianoroll_vae.music.key import Key, key_fits


def chord_bonus(key: Key) -> Array:
    """(CHORD_LABELS,) nats for each chord, see `RELATIVE_STRENGTH`. Chords outside of the scale, to which the leading
    note of a minor key belongs, have none."""
    scale = key.full_scale
    tones = scale.tones
    if scale.scale == "minor":
        tones[(key.root + 11) % 12] = True
    fifths = [key.transposed(7).index, key.transposed(5).index]
    bonus = np.zeros(len(CHORD_TONES), np.float32)
    for label in np.flatnonzero(~(CHORD_TONES & ~tones).any(1)):
        if label != NO_CHORD:
            fits = key_fits(CHORD_TONES[label] / CHORD_TONES[label].sum())
            own = fits[key.index]
            root, quality = divmod(int(label), len(QUALITY_NAMES))
            is_dominant = root == (key.root + 7) % 12 and QUALITY_NAMES[quality] in ("", "7")
            bonus[label] = (
                RELATIVE_STRENGTH * (own - fits[key.relative.index])
                + FIFTHS_STRENGTH * (own - fits[fifths].mean())
                + DOMINANT_BONUS * is_dominant
            )
    return bonus
