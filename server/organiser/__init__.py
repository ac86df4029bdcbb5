"""The organiser's pages: the live sale, and the figures behind it."""
