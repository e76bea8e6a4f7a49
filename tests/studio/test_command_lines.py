"""Verbs that change what another one wrote, and their command lines."""

from pianoroll_vae.studio.command_lines import VerbSequence, command_lines, is_sampled
from pianoroll_vae.studio.verbs import ApplyAttributes, Vary

DENSER = ApplyAttributes({"piano.density": 1.0}, (1, 2))
OTHER_BASS = Vary({"bass": 0.5}, (5, 6))


def test_each_command_reads_what_the_one_before_it_wrote() -> None:
    assert command_lines(VerbSequence((OTHER_BASS, OTHER_BASS, OTHER_BASS)), "0004.mid", 3, "0005.mid") == " && ".join(
        f"vaemusic vary {source} --noise bass=0.5 --bars 5-6 --seed 3 -o {song}"
        for source, song in [("0004.mid", "0005-1.mid"), ("0005-1.mid", "0005-2.mid"), ("0005-2.mid", "0005.mid")]
    )


def test_only_a_command_that_samples_has_the_seed() -> None:
    line = command_lines(VerbSequence((DENSER, OTHER_BASS)), "0001.mid", 3, "0002.mid")
    first, second = line.split(" && ")
    assert "--seed" not in first and "--seed 3" in second
    assert is_sampled(VerbSequence((DENSER, OTHER_BASS))) and not is_sampled(VerbSequence((DENSER, DENSER)))


def test_the_label_names_all_parts() -> None:
    assert VerbSequence((DENSER, OTHER_BASS)).label == "piano.density +1, bars 1–2; Varied: bass, bars 5–6"
