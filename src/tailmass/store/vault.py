"""Secrets at rest: encrypted with a key that only the owner of the home folder can read.

A copy of the database alone, or of the API's documents, does not give them away; whoever has the folder has both.
"""

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from tailmass.errors import EncryptionFailure

KEY = "secret.key"


class Vault:
    """Encrypts secrets, and decrypts those that it has encrypted; the key is made when it is first needed.

    Parameters
    ----------
    home : folder of the key
    """

    def __init__(self, home: Path) -> None:
        self._key = home / KEY

    def seal(self, secret: str) -> str:
        """The secret as text that says nothing without the key: AES-128 in CBC mode, with an HMAC (Fernet).

        Raises
        ------
        EncryptionFailure : the key can be neither read nor made
        """
        return self._fernet(make=True).encrypt(secret.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """The secret again.

        Raises
        ------
        EncryptionFailure : the text was sealed with another key, or the key cannot be read
        """
        try:
            return self._fernet(make=False).decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise EncryptionFailure(
                f"The secret was not encrypted with the key in {self._key}: give it in clear again"
            ) from error

    def _fernet(self, *, make: bool) -> Fernet:
        try:
            if make and not self._key.exists():
                self._make()
            return Fernet(self._key.read_bytes())
        except (OSError, ValueError) as error:
            raise EncryptionFailure(f"The key in {self._key} cannot be used", cause=str(error)) from error

    def _make(self) -> None:
        """Write a new key, whole or not at all, for its owner alone; of two that are made at once the first stays."""
        own = self._key.with_name(f"{KEY}.{os.getpid()}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(own, self._key)
        except FileExistsError:
            pass
        finally:
            own.unlink()
