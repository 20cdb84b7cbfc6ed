"""The sentences: what happens, in order."""
