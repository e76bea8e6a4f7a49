"""Pages in HTML: the first one is shown, the others are folded."""

import base64

from pianoroll_vae.listen.picture_html import pages_html


def test_one_page_is_one_image_whose_name_is_escaped() -> None:
    assert pages_html([b"1"], "<Song>").count("<img") == 1
    assert "<details>" not in pages_html([b"1"])
    assert 'alt="&lt;Song&gt;"' in pages_html([b"1"], "<Song>")


def test_the_pages_after_the_first_one_are_folded_in_order() -> None:
    shown, folded = pages_html([b"1", b"2", b"3"]).split("<details>")
    assert base64.b64encode(b"1").decode() in shown
    assert "2 more pages" in folded
    assert folded.index(base64.b64encode(b"2").decode()) < folded.index(base64.b64encode(b"3").decode())
