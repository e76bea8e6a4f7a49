"""The house rules that no type checker sees: imports point down, and each library has one door."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pianoroll_vae
from tests.lakh_corpus import make_lakh_corpus
from tests.python_process import run_python

HOUSE = Path(pianoroll_vae.__file__).parent
ROOMS = (
    ("errors",),
    ("paths",),
    ("console", "schema", "atomic_files"),
    ("live_view",),
    ("progress",),
    ("workspace",),
    ("config",),
    ("music",),
    ("sources",),
    ("models",),
    ("bundled", "listen"),
    ("desk",),
    ("stages",),
    ("studio", "cli", "api"),
)
FLOORS = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}

APART = (
    ("models/training/", ("models.thesis", "models.arranger", "models.groove")),
    ("models/thesis/", ("models.arranger", "models.groove")),
    ("models/arranger/", ("models.thesis", "models.groove")),
    ("models/groove/", ("models.thesis", "models.arranger")),
    ("models/arranger/play/", ("models.arranger.train", "models.training")),
    ("models/arranger/train/", ("models.arranger.play",)),
)
"""Rooms of the models, and what must not be imported there: recipes share the training, and not each other's code."""

WITHOUT_PYTORCH = (
    "models/arranger/play/",
    "models/arranger/sampling.py",
    "models/families.py",
    "models/model_files.py",
)

DOORS = {
    "torch": ("models/",),
    "numba": ("models/",),
    "safetensors": ("models/",),
    "h5py": ("music/dataset.py", "music/dataset_columns.py", "music/dataset_writer.py", "sources/"),
    "sqlite3": ("sources/",),
    "mido": ("listen/",),
    "rtmidi": ("listen/",),
    "pypianoroll": ("music/multitrack.py", "api.py"),
    "pretty_midi": ("music/", "listen/"),
    "symusic": ("music/", "listen/"),
    "matplotlib": ("listen/",),
    "sklearn": ("listen/",),
    "rich": ("console.py", "live_view.py", "progress.py"),
    "typer": ("cli/",),
    "starlette": ("studio/",),
    "uvicorn": ("studio/",),
}
MODULES = sorted(HOUSE.rglob("*.py"))


@cache
def nodes_of(module: Path) -> list[ast.AST]:
    """All of a module's syntax tree, itself first."""
    return list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


def imports(module: Path) -> Iterator[str]:
    for node in nodes_of(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import hides which room it enters"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(dotted: str) -> str | None:
    parts = dotted.split(".")
    return parts[1] if parts[0] == "pianoroll_vae" and len(parts) > 1 and parts[1] in FLOORS else None


ASKING = {
    "exists",
    "is_file",
    "is_dir",
    "is_symlink",
    "stat",
    "lstat",
    "iterdir",
    "glob",
    "rglob",
    "resolve",
    "scandir",
}
"""Methods that ask the file system about a path, and fail where a folder may not be searched."""

ASKERS = ("paths.py", "sources/folders.py")
PRINTERS = {"print", "echo", "secho"}
TESTS = Path(__file__).parent
WITHOUT_MODULE = ("fuzz/", "campaign/")
"""Folders of tests that follow no module: damaged files of every kind, in thousands, and the campaign."""


def test_imports_point_down_and_libraries_have_one_door() -> None:
    for module in MODULES:
        place = module.relative_to(HOUSE).as_posix()
        own = place.split("/")[0].removesuffix(".py")
        for name in imports(module):
            room = room_of(name)
            if room is not None and own in FLOORS:
                assert FLOORS[room] <= FLOORS[own], f"{place} imports {name}, which stands above it"
            doors = DOORS.get(name.split(".")[0])
            assert doors is None or place.startswith(doors), f"{place} imports {name}; its door is {' or '.join(doors)}"


def test_recipes_share_training_and_not_each_others_code() -> None:
    for module in MODULES:
        place = module.relative_to(HOUSE).as_posix()
        apart = [name for room, names in APART if place.startswith(room) for name in names]
        apart = [f"pianoroll_vae.{name}." for name in apart] + ["torch."] * place.startswith(WITHOUT_PYTORCH)
        for name in imports(module):
            assert not f"{name}.".startswith(tuple(apart)), f"{place} imports {name}"


def test_one_module_asks_about_paths_and_one_writes_to_the_terminal() -> None:
    for module in MODULES:
        place = module.relative_to(HOUSE).as_posix()
        for call in (node for node in nodes_of(module) if isinstance(node, ast.Call)):
            asks = isinstance(call.func, ast.Attribute) and call.func.attr in ASKING
            assert not asks or place in ASKERS, f"{place}, line {call.lineno} asks about a path: paths.py does"
            name = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
            assert name not in PRINTERS or place == "console.py", f"{place}, line {call.lineno} prints: console.py does"
            raw = name == "BadParameter" and place != "cli/song_options.py"
            assert not raw, f"{place}, line {call.lineno}: wrong_value escapes the words of a command line"


def test_tests_mirror_the_tree() -> None:
    """Tests in a folder are those of the module with their path. Tests beside this one are of the whole program."""
    for test in TESTS.rglob("*/test_*.py"):
        place = test.relative_to(TESTS).as_posix()
        if not place.startswith(WITHOUT_MODULE):
            module = HOUSE / place.replace("/test_", "/")
            assert module.is_file(), f"tests/{place} tests no module: there is no {module.relative_to(HOUSE)}"


def test_every_module_has_a_docstring() -> None:
    for module in MODULES:
        tree = nodes_of(module)[0]
        assert isinstance(tree, ast.Module) and ast.get_docstring(tree), f"{module} has no docstring"


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['vaemusic', '--help']\n"
        "from pianoroll_vae.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'pypianoroll', 'matplotlib', 'scipy', 'sklearn', 'h5py', 'symusic', 'starlette'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(f'--help imports {heavy}' if heavy else 0)\n"
    )
    run_python(program)


def test_choosing_and_reading_songs_needs_no_pytorch(tmp_path: Path) -> None:
    corpus = make_lakh_corpus(tmp_path)
    commands = [
        ["filter", "--genre", "blues,rock", "--lpd", str(corpus.lpd), "--msd", str(corpus.msd)],
        ["preprocess", "--workers", "0"],
        ["dataset"],
        ["status"],
    ]
    program = (
        "import sys\n"
        "from pianoroll_vae.cli.app import main\n"
        f"for words in {commands!r}:\n"
        f"    sys.argv = ['vaemusic', '-w', {str(corpus.workspace.root)!r}, *words]\n"
        "    try: main()\n"
        "    except SystemExit as end: assert not end.code, words\n"
        "    assert 'torch' not in sys.modules, words\n"
    )
    run_python(program)
