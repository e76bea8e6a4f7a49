"""Shows the pages of a picture in HTML, in which they stand themselves."""

import base64
from collections.abc import Sequence
from html import escape

from pianoroll_vae.errors import counted


def pages_html(pages: Sequence[bytes], name: str = "Piano roll") -> str:
    """Images: the first page, and below it the others, which a click unfolds. pages: PNG files; name: for alt."""
    first, *others = (
        f'<img style="max-width:100%" alt="{escape(name)}" src="data:image/png;base64,'
        f'{base64.b64encode(page).decode("ascii")}">'
        for page in pages
    )
    if not others:
        return first
    return f"{first}<details><summary>{counted(len(others), 'more page')}</summary>{''.join(others)}</details>"
