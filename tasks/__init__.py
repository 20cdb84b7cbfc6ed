"""The stages, one file each, and the four verbs that are written once."""
