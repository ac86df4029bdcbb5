"""The layout keeps its promises: nothing shadows Python's own modules, and our names are ours."""

import queue
import sysconfig
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest


def test_queue_is_the_standard_library() -> None:
    """The folder `queue/` must never hide Python's own module."""
    assert queue.__file__ is not None
    assert Path(queue.__file__).is_relative_to(sysconfig.get_path("stdlib"))


@pytest.mark.parametrize("name", ["server", "seatmap", "waitingroom", "realtime", "workers"])
def test_no_other_distribution_provides_our_names(name: str) -> None:
    """A foreign package of the same name would mix with ours without a word."""
    assert set(packages_distributions().get(name, [])) <= {"frontrow"}


def test_lock_files_name_no_registry() -> None:
    """Where packages are fetched from is each machine's own affair."""
    root = Path(__file__).resolve().parents[2]
    for lock in (*root.glob("requirements*.lock"), root / "web" / "package-lock.json"):
        text = lock.read_text()
        for word in ('"resolved": "http', "--index-url", "--extra-index-url"):
            assert word not in text, lock.name
