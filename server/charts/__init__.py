"""Charts over the command line and HTTP: import, check, publish a revision, export. The rules are in `seatmap.chart`."""
