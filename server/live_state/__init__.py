"""The seat state of a show over cacheable HTTP: where a live picture starts from."""
