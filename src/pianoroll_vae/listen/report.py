"""An evaluation as one HTML file that needs nothing else: tables, histograms, piano rolls of three songs.

Knows nothing of how anything was measured. The same evaluation gives the same bytes.
"""

import base64
from html import escape

import numpy as np

from pianoroll_vae.console import Cell, Table
from pianoroll_vae.listen.evaluation import Evaluation, Feature
from pianoroll_vae.listen.evaluation_tables import by_instrument, figures, summary, verdict
from pianoroll_vae.listen.overlap import BINS, Histogram
from pianoroll_vae.listen.picture import song_png

JUDGED_COLOUR, REAL_COLOUR = "#C4432B", "#2B6CC4"
WIDTH, HEIGHT = 220, 60

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1100px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 }
th, td { padding: .25em .8em; border-bottom: 1px solid #ddd; text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.features { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 1em }
.features p { margin: 0; font-size: 12px }
img { max-width: 100%; border: 1px solid #ddd }
"""


def html(evaluation: Evaluation) -> str:
    """The whole report."""
    sentences = "".join(f"<p>{escape(said)}</p>" for said in verdict(evaluation))
    histograms = "".join(f"<div>{_histogram(feature)}</div>" for feature in evaluation.features)
    settings = ", ".join(f"{name} {value}" for name, value in evaluation.settings.items())
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>vaemusic evaluate</title>"
        f"<style>{_STYLE}</style></head><body><h1>How near to real songs?</h1>{sentences}<p>{escape(settings)}</p>"
        f"{_table(summary(evaluation))}{_table(by_instrument(evaluation))}{_table(figures(evaluation))}"
        f"<h2>Three songs</h2>{_songs(evaluation)}"
        f"<h2>Features</h2><p><span style='color:{JUDGED_COLOUR}'>■</span> the judged songs "
        f"<span style='color:{REAL_COLOUR}'>■</span> real ones; the bar at the left counts excerpts with nothing "
        f"to measure.</p><div class='features'>{histograms}</div></body></html>\n"
    )


def _songs(evaluation: Evaluation) -> str:
    """The best, the median and the worst song by the judge."""
    ranking = evaluation.ranking
    chosen = {"best": 0, "median": len(ranking) // 2, "worst": len(ranking) - 1}
    parts = []
    for what, place in chosen.items():
        realness, song = ranking[place]
        picture = base64.b64encode(song_png(song)).decode()
        heading = f"The {what}: {escape(song.name)}, {realness:.0%} real"
        parts.append(f"<h3>{heading}</h3><img alt='{heading}' src='data:image/png;base64,{picture}'>")
    return "".join(parts)


def _histogram(feature: Feature) -> str:
    shown = feature.histogram
    bars = _bars(shown, 0, JUDGED_COLOUR) + _bars(shown, 1, REAL_COLOUR)
    low, high = shown.edges[0], shown.edges[-1]
    return (
        f"<p>{escape(feature.name)}, {shown.overlap:.2f}</p>"
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{escape(feature.name)}'>{bars}</svg>"
        f"<p>{low:.3g} … {high:.3g}</p>"
    )


def _bars(shown: Histogram, which: int, colour: str) -> str:
    """One set's shares as a path of steps, what is undefined first and apart."""
    shares = np.array([shown.undefined[which], 0.0, *shown.shares[which]])
    tallest = max(float(shown.shares.max()), float(shown.undefined.max()), 1e-9)
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
