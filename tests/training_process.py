"""Training and commands in processes of their own, which can be killed, interrupted, or be one of several.

Importing PyTorch takes 2 s: more than a small training run. Processes are forked from a server that has imported it.
"""

import multiprocessing
import os
import runpy
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing import reduction
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from pianoroll_vae.cli.app import main
from pianoroll_vae.config import TrainSettings
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages.train import TrainOptions, run
from pianoroll_vae.workspace import Workspace

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def start_training(
    workspace: Workspace,
    options: TrainOptions,
    settings: TrainSettings,
    recipe: Recipe,
    environment: Mapping[str, str] | None = None,
) -> BaseProcess:
    """A process that trains as `stages.train.run` does, with these variables added to its environment."""
    arguments = (workspace.root, options, settings, recipe, dict(environment or {}), torch.get_num_threads())
    process = _context.Process(target=_train, args=arguments)
    process.start()
    return process


def _train(
    root: Path,
    options: TrainOptions,
    settings: TrainSettings,
    recipe: Recipe,
    environment: dict[str, str],
    threads: int,
) -> None:
    os.environ |= environment
    torch.set_num_threads(threads)
    run(Workspace(root), options, settings, recipe, SilentWatch())
    assert "torch._dynamo" not in sys.modules, "PyTorch's compiler takes 2 s to import"


def start_command(arguments: Sequence[str], terminal: int) -> BaseProcess:
    """A process in a session of its own that runs `vaemusic`; the terminal shows its errors, notices and progress."""
    process = _context.Process(target=_run_command, args=(list(arguments), reduction.DupFd(terminal)))
    process.start()
    return process


def _run_command(arguments: list[str], terminal: Any) -> None:
    os.setsid()
    os.dup2(terminal.detach(), sys.stderr.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent process may ignore it
    os.environ |= {"TERM": "xterm", "COLUMNS": "120"}
    sys.argv = ["vaemusic", *arguments]
    main()


def run_torchrun(arguments: Sequence[str], module: str, words: Sequence[str]) -> int:
    """What `torchrun` exits with that has these arguments and runs a module with these words."""
    process = _context.Process(target=_torchrun, args=(list(arguments), module, list(words)))
    process.start()
    process.join(timeout=300)
    assert process.exitcode is not None
    return process.exitcode


def _torchrun(arguments: list[str], module: str, words: list[str]) -> None:
    """Does what `torchrun` does, but that the ranks are forked, so that they need not import everything."""
    from torch.distributed.launcher.api import elastic_launch
    from torch.distributed.run import config_from_args, parse_args

    os.environ["OMP_NUM_THREADS"] = "1"
    config, _, _ = config_from_args(parse_args([*arguments, "-m", module]))
    config.start_method = "fork"
    elastic_launch(config, _run_module)(module, words)


def _run_module(module: str, words: list[str]) -> None:
    """As `python -m` does."""
    sys.argv = [module, *words]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:  # to torchrun it is an error, whatever the status
        assert not end.code


def run_campaign(arguments: Sequence[str], shown: Path) -> int:
    """What the campaign with these arguments exits with; what it prints goes into a file."""
    process = _context.Process(target=_campaign, args=(list(arguments), shown))
    process.start()
    process.join(timeout=600)
    assert process.exitcode is not None
    return process.exitcode


def _campaign(arguments: list[str], shown: Path) -> None:
    from tests.campaign.__main__ import main as campaign

    for stream in (sys.stdout, sys.stderr):
        os.dup2(os.open(shown, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream.fileno())
    sys.argv = ["campaign", *arguments]
    sys.exit(campaign())


def kill_training(
    workspace: Workspace, options: TrainOptions, settings: TrainSettings, recipe: Recipe, after_lines: int
) -> bool:
    """Start training and kill it as soon as its metrics have so many lines; False where it ended before that."""
    process = start_training(workspace, options, settings, recipe)
    while process.is_alive() and _count_lines(workspace.metrics) < after_lines:
        time.sleep(0.002)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def train_in_two_processes(
    workspace: Workspace, options: TrainOptions, settings: TrainSettings, recipe: Recipe
) -> None:
    """Train as two ranks, with the environment that torchrun gives them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    both = [
        start_training(workspace, options, settings, recipe, variables | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(2)
    ]
    for process in both:
        process.join(timeout=120)
    assert [process.exitcode for process in both] == [0, 0]


def _count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
