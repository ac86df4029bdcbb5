"""Jobs: whatever must happen after a commit, or by itself. `app.py` composes, `jobs.py` lists, the deeds are in `server`."""
