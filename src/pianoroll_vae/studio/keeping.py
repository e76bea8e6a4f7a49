"""Keeps songs that verbs and edits have written as takes of a session, each with the command that writes it again."""

import shutil
from dataclasses import replace

from pianoroll_vae.studio.command_lines import VerbSequence, command_line, command_lines, is_sampled
from pianoroll_vae.studio.edits import Edit
from pianoroll_vae.studio.session import Draft, Session, Take
from pianoroll_vae.studio.verbs import ApplyAttributes, NewSong, Vary, Verb
from pianoroll_vae.studio.writing import Written

BAND = "band"
"""The workspace of the band that is learned, in the session's folder."""


def keep_written(session: Session, verb: Verb, source: int | None, seed: int, written: Written) -> list[Take]:
    """The songs of a verb as takes; source: the take that it changed."""
    first, own_chart = session.next_number, isinstance(verb, NewSong)
    if source is not None and isinstance(verb, Vary | ApplyAttributes | VerbSequence):
        own_chart = session.take(source).own_chart
    name, drafts = "" if source is None else session.path(source).name, []
    for index in range(len(written.paths)):
        number = first + index
        if isinstance(verb, NewSong) and verb.chart is not None:
            chart = session.path(number, ".chart")
            shutil.copyfile(verb.chart, chart)
            verb = replace(verb, chart_name=chart.name)
        own_seed = seed + index if is_sampled(verb) else None
        command = command_lines(verb, name, own_seed, session.path(number).name, workspace_words(session))
        drafts.append(Draft(verb.label, command, own_seed, own_chart))
    return session.add([path.read_bytes() for path in written.paths], drafts, source)


def keep_edited(session: Session, take: Take, edit: Edit, song: bytes) -> None:
    """A take with changed notes or programs as another one."""
    names = session.path(take.number).name, session.path(session.next_number).name
    command = command_line(edit.words, *names, 0) if edit.words else ""
    session.add([song], [Draft(edit.label, command, own_chart=take.own_chart)], take.number)


def workspace_words(session: Session) -> tuple[str, ...]:
    """The option that names the band learned here, as seen from the folder of the takes."""
    return ("--workspace", f"../{BAND}") if session.own_band else ()
