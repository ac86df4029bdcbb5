"""Charts on the command line and over HTTP: import, check, publish, export. The rules are in `seatmap.chart`."""
