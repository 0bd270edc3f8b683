"""The Python client; standard library only."""

from tailmass.client.client import Client
from tailmass.client.listing import Listing
from tailmass.client.request import Document, Moment, Payload

__all__ = ["Client", "Document", "Listing", "Moment", "Payload"]
