"""The measures of whole songs that papers report.

MuseGAN (Dong and others, 2018): empty bars, used pitch classes, qualified notes, drum patterns. Multitrack Music
Transformer (Dong and others, 2023): pitch-class entropy, scale consistency, groove consistency. Qualified notes are
counted on the song's own grid, everything else in sixteenths.
"""

import numpy as np

from pianoroll_vae.music.measures import pitch, rhythm
from pianoroll_vae.music.measures.excerpt import cut_excerpts
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR, SIXTEENTHS_PER_BEAT
from pianoroll_vae.music.song import Song


def published(song: Song, skip_bars: int = 0) -> dict[str, float]:
    """Each figure of the whole bars of a song, by its name; NaN where there is nothing to measure."""
    bars = int(song.beats * SIXTEENTHS_PER_BEAT) // SIXTEENTHS_PER_BAR - skip_bars
    if bars < 2:
        return {}
    whole = cut_excerpts(song, skip_bars, bars, most=1)
    names, pitched = song.band.names, whole.pitched
    empty = rhythm.empty_bar_rate(whole.sounding_counts, SIXTEENTHS_PER_BEAT)[0]
    used = pitch.used_pitch_classes(whole.bar_classes)[0]
    qualified = rhythm.qualified_note_rate(song.notes, len(names), song.steps_per_beat)
    begun = pitch.pitch_classes(whole.begun[0, pitched].sum(0))
    figures = {f"{name} empty bars": value for name, value in zip(names, empty, strict=True)}
    figures |= {f"{names[place]} pitch classes a bar": used[place] for place in pitched}
    figures |= {f"{names[place]} qualified notes": qualified[place] for place in pitched}
    for place in whole.drums:
        figures[f"{names[place]} pattern"] = rhythm.drum_pattern_rate(whole.onset_counts[0, place], SIXTEENTHS_PER_BEAT)
    figures["pitch class entropy"] = pitch.pitch_class_entropy(begun)
    figures["scale consistency"] = pitch.scale_consistency(begun)
    figures["groove consistency"] = rhythm.groove_consistency(whole.onset_counts[0].sum(0), SIXTEENTHS_PER_BEAT)
    return {name: float(np.asarray(value)) for name, value in figures.items()}
