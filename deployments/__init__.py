"""The doors: everything that starts something."""
