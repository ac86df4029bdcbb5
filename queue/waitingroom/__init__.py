"""The waiting room: the fair line before the seats. Its import name is `waitingroom`, because `queue` is Python's own module."""
