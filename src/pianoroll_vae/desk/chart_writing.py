"""Has a band write charts until one is in the key that is asked for, or in one scale."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.chart_options import chart_of_length
from pianoroll_vae.desk.form import bars_of, chart_in_form
from pianoroll_vae.desk.music_options import MAX_SEED
from pianoroll_vae.desk.new_music import NewMusic
from pianoroll_vae.models.ensemble import Ensemble, Sampling, SongRequest
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chord_labels import CHORD_TONES, NO_CHORD, QUALITIES, Labels
from pianoroll_vae.music.key import Key, key_fits, semitones_between
from pianoroll_vae.music.meter import beats_of

CHARTS_FOR_KEY = 16
"""The most charts that are written where a key is asked for."""

MIN_SHARE_IN_KEY = 0.9
"""Of the chord tones of such a chart. The others are played too, so that E7 has its G sharp in A minor."""

CHARTS_WITHOUT_KEY = 4
"""The most charts that are written for a song that begins from nothing, see `first_in_scale`."""

MIN_CLARITY = 0.18
"""The `clarity` that is enough: twice the standard deviation of the difference between that of a song's notes and that
of its chart. The clearest of all charts have fewer changes of chords."""

TONE_SHARES: dict[str, tuple[float, ...]] = {
    "": (0.42, 0.23, 0.24),
    "m": (0.40, 0.26, 0.23),
    "7": (0.35, 0.18, 0.19, 0.17),
    "m7": (0.25, 0.28, 0.17, 0.22),
    "5": (0.60, 0.40),
    "sus4": (0.37, 0.32, 0.14),
}
"""Of the time that notes sound in half bars of a chord, the share of each of its tones in the order of `QUALITIES`: in
48 songs of the bundled band. Their charts have no power chords, whose shares are an estimate. In Am7 C sounds longer
than A."""

SEED_STRIDE = 1_000_003
"""Between the seeds of these charts, so that those of the next song are others."""

MIN_SHARE_IN_SCALE = 0.82
"""Of a chart's chord tones. A twentieth of the real songs has less, of the written charts a ninth: their chords wander
through all keys."""


def fitting_chart(
    ensemble: Ensemble, music: NewMusic, bars: int, request: SongRequest, sampling: Sampling, key: Key | None
) -> Chart:
    """A chart of new music, of `bars` bars or as long as its sections; the band must play charts.

    Where a key is asked for, music that begins from nothing has the first chart that begins on its tonic and is clearly
    enough in it; after a primer it is the one of several charts that is most clearly in the key, transposed. Chords
    that are asked for stay. Without a key, music that begins from nothing has the first chart that is enough in one
    scale.
    """
    key, begins = None if request.strict_chords else key, not len(music.primer.notes)
    sections = music.sections
    bars = bars_of(sections) if sections else bars

    def write(number: int) -> Chart:
        seed = (music.seed + number * SEED_STRIDE) % MAX_SEED
        own_request = replace(request, sections=sections, key=key)
        [chart] = ensemble.write_charts([music.primer], bars, sampling, [seed], own_request)
        assert chart is not None
        return chart

    if key is not None and request.chart is not None:
        chart = chart_to_key(write(0), key)
    elif key is not None:
        charts = map(write, range(CHARTS_FOR_KEY))
        chart = replace(first_in_key(charts, key) if begins else chart_in_key(list(charts), key), key=key)
    elif request.chart is None and begins:
        chart = first_in_scale(map(write, range(CHARTS_WITHOUT_KEY)))
    else:
        chart = write(0)
    if not sections:
        return chart
    if request.chart is not None:
        return replace(chart_of_length(chart, bars * beats_of(chart.meter)), sections=sections)
    return chart_in_form(chart, sections)


def chart_to_key(chart: Chart, key: Key) -> Chart:
    """A chart transposed from its own key; one that names none, to where it is most clearly in the key."""
    if chart.key is None:
        return replace(chart_in_key([chart], key), key=key)
    return replace(chart.transposed(semitones_between(chart.key, key)), key=key)


def chart_in_key(charts: Sequence[Chart], key: Key) -> Chart:
    """Of several charts in all transpositions, the one that is most clearly in the key."""
    return clearest([chart.transposed(semitones) for chart in charts for semitones in range(-5, 7)], key)


def clearest(charts: Sequence[Chart], key: Key) -> Chart:
    """The chart that is most clearly in the key, see `clarity`. Charts that have fewer than `MIN_SHARE_IN_KEY` of their
    chord tones in its scale come last."""
    return max(charts, key=lambda chart: (min(share_in_key(chart, key), MIN_SHARE_IN_KEY), clarity(chart, key)))


def first_in_key(charts: Iterable[Chart], key: Key) -> Chart:
    """The first chart that is clearly enough in the key, or else the one that is most clearly in it."""
    written = []
    for chart in charts:
        written.append(chart)
        if share_in_key(chart, key) >= MIN_SHARE_IN_KEY and clarity(chart, key) >= MIN_CLARITY:
            return chart
    return clearest(written, key)


def first_in_scale(charts: Iterable[Chart]) -> Chart:
    """The first chart that is enough in one scale, or else the one that is most in one."""
    written = []
    for chart in charts:
        written.append(chart)
        if share_in_scale(chart) >= MIN_SHARE_IN_SCALE:
            return chart
    return max(written, key=share_in_scale)


def share_in_scale(chart: Chart) -> float:
    """The share of a chart's chord tones that are in the major scale that fits them best; 1 without chords."""
    return max(share_in_key(chart, Key(root)) for root in range(12))


def share_in_key(chart: Chart, key: Key) -> float:
    """The share of a chart's chord tones that are in the key's scale; in its major or minor one where the scale has
    fewer than seven tones. 1 without chords."""
    halves = chart.chords[chart.chords != NO_CHORD]
    if not len(halves):
        return 1.0
    tones = CHORD_TONES[halves] / CHORD_TONES[halves].sum(1, keepdims=True)
    return float(tones[:, key.full_scale.tones].sum() / len(halves))


def clarity(chart: Chart, key: Key) -> float:
    """The correlation of a key's profile with how long each pitch class is expected to sound, minus that of the best
    other key. 0 without chords."""
    expected = expected_durations(chart.chords)
    spread = np.linalg.norm(expected - expected.mean())
    if not spread:
        return 0.0
    fits = key_fits(expected) / spread
    return float(fits[key.index] - np.delete(fits, key.index).max())


def expected_durations(labels: Labels) -> NDArray[np.float64]:
    """(12,): how long each pitch class is expected to sound, in half bars, C first, in half bars with these chords."""
    return np.asarray(_EXPECTED[labels].sum(tuple(range(labels.ndim))))


def _expected() -> NDArray[np.float64]:
    """(CHORD_LABELS, 12): the same for each label; zeros for no chord."""
    expected = np.zeros(CHORD_TONES.shape)
    for label in range(NO_CHORD):
        root, quality = divmod(label, len(QUALITIES))
        name = list(QUALITIES)[quality]
        expected[label, [(root + step) % 12 for step in QUALITIES[name]]] = TONE_SHARES[name]
    return expected


_EXPECTED = _expected()
