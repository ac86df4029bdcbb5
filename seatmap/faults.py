"""The three kinds of fault. An expected "no" is never one of these: it is a refusal, a value."""


class Fault(Exception):
    """Something broke, as opposed to being refused."""


class Unavailable(Fault):
    """A store, provider or process did not answer. Trying again may work; the outcome of the call is unknown."""


class Corrupt(Fault):
    """Stored facts contradict each other. Stop and look; trying again makes it worse."""


class Misuse(Fault):
    """Our own code was called in a way its contract excludes. A defect to mend, not a state to handle."""
