"""Background jobs on arq: finalise, deliver, sweep, reconcile."""
