"""Phones whose files and calls are secured."""
