"""Which tests one test process runs after each other, when several processes share them."""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

# Their tests start whole installations, some twenty processes each: one process at a time per folder. Two cores bear no more.
WHOLE_FOLDERS: Final = ("tests/browser/", "tests/faults/installation/")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # untyped
    """Whole folders to one process each, and first; every other test to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in WHOLE_FOLDERS if nodeid.startswith(folder)), nodeid)
