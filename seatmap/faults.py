"""The three ways in which something breaks; refusals are values and live elsewhere."""


class Fault(Exception):
    """Something broke; nobody asked for anything wrong."""


class Unavailable(Fault):
    """A store or a peer did not answer; the same call may succeed later."""


class Corrupt(Fault):
    """Stored or received data contradicts itself; stop and look."""


class Misuse(Fault):
    """The caller broke a promise of the function; our own bug."""
