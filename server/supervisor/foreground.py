"""Run a command as the terminal's own job: Ctrl-C reaches it alone, and whoever started it reads its exit code.

make dies of the Ctrl-C that its recipe was meant to get, and answers 130 however well everything was stopped. A stop by Ctrl-Z would
leave the terminal to nobody, so it is switched off.
"""

import os
import signal
import sys


def main(command: list[str]) -> None:
    """Become *command*, leading the terminal's foreground job when the terminal is ours to lead."""
    if os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
        # Whoever is not in the foreground any more may still take it, unless the signal that says so stops it first.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
