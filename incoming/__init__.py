"""Files of facts as they come: from a path or from bytes, streamed, in bounded memory."""

from incoming.files import Bytes, Given, Source, Stored, first_rows, on_disk, open_source

__all__ = ["Bytes", "Given", "Source", "Stored", "first_rows", "on_disk", "open_source"]
