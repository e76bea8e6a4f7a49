"""Plays audio through an installed command-line player or the Python package sounddevice."""

import shutil
import subprocess
import sys
import wave
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from pianoroll_vae.errors import DeviceUnavailable

PLAYERS: dict[str, tuple[str, ...]] = {
    "pw-play": (),
    "paplay": (),
    "aplay": ("-q",),
    "afplay": (),
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error"),
}
"""Commands that play a WAV file and then exit, with their flags; tried in this order."""

FRAMES_PER_READ = 4096


def play(wav: Path) -> str:
    """Play a WAV file to the end, or until Ctrl-C; returns the name of the player."""
    failures = []
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
            _play_with_sounddevice(wav)
            return "sounddevice"
        except Exception as failure:  # PortAudio is missing or finds no device: the package raises errors of its own
            failures.append(f"sounddevice: {failure}")
    raise DeviceUnavailable(_describe(failures), "Write it to a file instead: vaemusic render song.mid -o song.wav")


def _play_with_sounddevice(wav: Path) -> None:
    device = import_module("sounddevice")
    with (
        wave.open(str(wav)) as reader,
        device.RawOutputStream(reader.getframerate(), channels=reader.getnchannels(), dtype="int16") as stream,
    ):
        while frames := reader.readframes(FRAMES_PER_READ):
            stream.write(frames)


def _describe(failures: list[str]) -> str:
    if failures:
        return f"No audio player could play the song: {'; '.join(failures)}."
    return f"No audio player is installed: none of {', '.join(PLAYERS)}, nor the Python package sounddevice."
