"""Telling systemd how the server is: that it is ready, that it lives, that it stops.

References
----------
sd_notify(3): datagrams to the socket that the environment names.
"""

import os
import socket
import time


class Supervisor:
    """Whoever has started the server and wants to be told; where nobody does, nothing is said."""

    def __init__(self) -> None:
        name = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        interval = os.environ.get("WATCHDOG_USEC", "")
        # Twice as often as it has to be, as systemd recommends.
        self._every = int(interval) / 2e6 if interval.isdigit() else None
        self._due = 0.0

    def tell(self, state: str) -> None:
        """Say one thing, such as READY=1. That it cannot be said changes nothing."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
                speaker.settimeout(1)
                speaker.sendto(state.encode(), self._address)
        except OSError:
            return

    def live(self) -> None:
        """Say that the server still goes round, if it is time to."""
        if self._every is not None and time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every
            self.tell("WATCHDOG=1")
