"""The usher: one leader per room looks at the line four times a second, calls those whose turn it is, and tells everybody where it stands."""
