"""`python -m loadtests.crowd`: the same as `frontrow crowd`."""

import sys

from loadtests.crowd.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
