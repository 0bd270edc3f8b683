"""The command line as ``python -m tailmass.cli``."""

from tailmass.cli.app import main

if __name__ == "__main__":
    main()
