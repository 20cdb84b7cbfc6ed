"""Acme Checks, a background screener that does not exist."""
