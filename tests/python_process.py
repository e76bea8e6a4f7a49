"""Runs a program in a Python of its own, in which nothing is imported yet."""

import subprocess
import sys


def run_python(program: str) -> None:
    """AssertionError with what it said, where it fails."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
