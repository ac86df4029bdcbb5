"""Effects that must follow a commit: rows written in its transaction, drained by the workers, at least once, idempotently."""
