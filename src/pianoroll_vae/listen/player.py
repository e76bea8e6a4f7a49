"""Plays sound through whatever this machine has: an installed player, or a Python package. Knows nothing of songs."""

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
"""Commands that play a WAV file and end with it, and their flags; the first that is installed and can is taken."""


def play(samples: Samples) -> str:
    """Play (2, samples) to the end, or until Ctrl-C; returns what played it."""
    refusals = []
    with tempfile.TemporaryDirectory(prefix="vaemusic-") as folder:
        wav = Path(folder) / "song.wav"
        with wav.open("wb") as file:
            write_wav(samples, file)
        for name, flags in PLAYERS.items():
            command = shutil.which(name)
            if command is None:
                continue
            done = subprocess.run([command, *flags, str(wav)], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return name
            words = done.stderr.strip().splitlines()
            refusals.append(f"{name} says: {words[-1] if words else f'exit status {done.returncode}'}")
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
        except Exception as refusal:  # PortAudio missing, or without a device: the package has errors of its own
            refusals.append(f"sounddevice says: {refusal}")
    raise DeviceUnavailable(_why(refusals), "Write it to a file instead: vaemusic render song.mid -o song.wav")


def _why(refusals: list[str]) -> str:
    if refusals:
        return f"No sound device takes the song: {'; '.join(refusals)}."
    return f"There is nothing to play sound with: none of {', '.join(PLAYERS)}, nor Python's sounddevice."
