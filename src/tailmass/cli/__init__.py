"""The command line: one module per command."""

from tailmass.cli.app import main

__all__ = ["main"]
