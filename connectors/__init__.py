"""The world: everything outside the process, each file one system."""
