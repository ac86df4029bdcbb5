"""Python's garbage collector, told what a long-lived process knows about itself."""

from __future__ import annotations

import gc


def spare_what_stays() -> None:
    """Keep the collector from walking what is loaded by now; call it once, after the imports.

    Almost everything else dies by reference count, so young garbage is looked through less often than by default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
