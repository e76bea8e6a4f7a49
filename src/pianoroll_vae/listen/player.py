"""Plays audio through an installed command-line player or the Python package sounddevice."""

import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from pianoroll_vae.errors import DeviceUnavailable
from pianoroll_vae.listen.audio import SAMPLE_RATE, Samples, write_wav

PLAYERS: dict[str, tuple[str, ...]] = {
    "pw-play": (),
    "paplay": (),
    "aplay": ("-q",),
    "afplay": (),
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error"),
}
"""Commands that play a WAV file and then exit, with their flags; tried in this order."""


def play(samples: Samples) -> str:
    """Play (2, samples) to the end, or until Ctrl-C; returns the name of the player."""
    failures = []
    with tempfile.TemporaryDirectory(prefix="vaemusic-") as folder:
        wav = Path(folder) / "song.wav"
        with wav.open("wb") as file:
            write_wav(samples, file)
        for name, flags in PLAYERS.items():
            command = shutil.which(name)
            if command is None:
                continue
            result = subprocess.run([command, *flags, str(wav)], capture_output=True, text=True, check=False)
            if result.returncode == 0:
                return name
            lines = result.stderr.strip().splitlines()
            failures.append(f"{name}: {lines[-1] if lines else f'exit status {result.returncode}'}")
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(str(wav), winsound.SND_FILENAME)
            return "winsound"
    if find_spec("sounddevice"):
        try:
            device = import_module("sounddevice")
            device.play(samples.T, SAMPLE_RATE)
            device.wait()
            return "sounddevice"
        except Exception as failure:  # PortAudio is missing or finds no device: the package raises errors of its own
            failures.append(f"sounddevice: {failure}")
    raise DeviceUnavailable(_describe(failures), "Write it to a file instead: vaemusic render song.mid -o song.wav")


def _describe(failures: list[str]) -> str:
    if failures:
        return f"No audio player could play the song: {'; '.join(failures)}."
    return f"No audio player is installed: none of {', '.join(PLAYERS)}, nor the Python package sounddevice."
