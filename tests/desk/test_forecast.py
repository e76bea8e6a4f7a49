"""Work of more than a minute is announced, shorter work is not."""

from pianoroll_vae.desk.forecast import announce_long_work
from pianoroll_vae.progress import SilentWatch
from tests.listen.songs import silence


def test_only_work_of_more_than_a_minute_is_announced() -> None:
    watch = SilentWatch()
    announce_long_work(watch, [silence(4 * 39_900)])
    assert not watch.notices
    announce_long_work(watch, [silence(4 * 39_900)], times=4)
    assert watch.notices == ["39,900 beats with 0 notes: this takes about 2 min; Ctrl-C stops it."]
