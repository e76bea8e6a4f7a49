"""Formats an evaluation as one self-contained HTML file: tables, histograms, piano rolls of three songs.

The same evaluation gives the same bytes.
"""

from html import escape

import numpy as np

from pianoroll_vae.console import Cell, Table
from pianoroll_vae.listen.evaluation_result import Evaluation, Feature
from pianoroll_vae.listen.evaluation_tables import (
    by_instrument,
    conclusions,
    figures,
    following,
    harmony_and_form,
    summary,
)
from pianoroll_vae.listen.overlap import BINS, Histogram
from pianoroll_vae.listen.picture import song_sheets
from pianoroll_vae.listen.picture_html import pages_html

EVALUATED_COLOUR, REAL_COLOUR = "#C4432B", "#2B6CC4"
WIDTH, HEIGHT = 220, 60
"""Of a histogram, in the units of its SVG."""

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1100px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 }
th, td { padding: .25em .8em; border-bottom: 1px solid #ddd; text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.features { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 1em }
.features p { margin: 0; font-size: 12px }
img { max-width: 100%; border: 1px solid #ddd }
"""

_TABLES = summary, by_instrument, harmony_and_form, figures


def html(evaluation: Evaluation) -> str:
    """The whole report."""
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in conclusions(evaluation))
    histograms = "".join(f"<div>{_histogram(feature)}</div>" for feature in evaluation.features)
    settings = ", ".join(f"{name} {value}" for name, value in evaluation.settings.items())
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>vaemusic evaluate</title>"
        f"<style>{_STYLE}</style></head><body><h1>Comparison with real songs</h1>{sentences}<p>{escape(settings)}</p>"
        f"{''.join(_table(table(evaluation)) for table in _TABLES)}"
        f"{''.join(map(_table, following(evaluation)))}"
        f"<h2>Three songs</h2>{_songs(evaluation)}"
        f"<h2>Features</h2><p><span style='color:{EVALUATED_COLOUR}'>■</span> evaluated songs "
        f"<span style='color:{REAL_COLOUR}'>■</span> real songs; the leftmost bar counts the excerpts in which the "
        f"feature is undefined.</p><div class='features'>{histograms}</div></body></html>\n"
    )


def _songs(evaluation: Evaluation) -> str:
    """The songs with the highest, the median and the lowest probability to be real."""
    ranking = evaluation.ranking
    chosen = {"best": 0, "median": len(ranking) // 2, "worst": len(ranking) - 1}
    parts = []
    for which, rank in chosen.items():
        realness, song = ranking[rank]
        heading = f"The {which}: {escape(song.name)}, probability of real {realness:.0%}"
        parts.append(f"<h3>{heading}</h3>{pages_html(song_sheets(song), song.name)}")
    return "".join(parts)


def _histogram(feature: Feature) -> str:
    histogram = feature.histogram
    bars = _bars(histogram, 0, EVALUATED_COLOUR) + _bars(histogram, 1, REAL_COLOUR)
    low, high = histogram.edges[0], histogram.edges[-1]
    return (
        f"<p>{escape(feature.name)}, overlap {histogram.overlap:.2f}</p>"
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{escape(feature.name)}'>{bars}</svg>"
        f"<p>{low:.3g} … {high:.3g}</p>"
    )


def _bars(histogram: Histogram, which: int, colour: str) -> str:
    """One set's shares as an SVG path, the undefined excerpts in a separate bar at the left."""
    shares = np.array([histogram.undefined[which], 0.0, *histogram.shares[which]])
    tallest = max(float(histogram.shares.max()), float(histogram.undefined.max()), 1e-9)
    width = WIDTH / (BINS + 2)
    tops = HEIGHT - shares / tallest * (HEIGHT - 2)
    steps = "".join(f"V{top:.1f}H{(i + 1) * width:.1f}" for i, top in enumerate(tops))
    return f"<path d='M0 {HEIGHT}{steps}V{HEIGHT}Z' fill='{colour}' fill-opacity='.35' stroke='{colour}'/>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return f"<table><tr>{head}</tr>{body}</table>" + (f"<p>{escape(table.note)}</p>" if table.note else "")


def _cell(cell: Cell) -> str:
    if isinstance(cell, int | float):
        return f"<td class='number'>{cell:,}</td>"
    return f"<td>{escape(cell) if cell else '–'}</td>"
