"""Ignore offers to switch to another protocol.

A client may offer one on any request (``Connection: Upgrade, Upgrade: h2c``); some libraries do so
on all of theirs. A server that does not switch answers the request as it is (RFC 9110, section
7.8). The parser takes the body of such a request for bytes of the other protocol, so it must not
see the header.
"""

from __future__ import annotations

_NAME = b"upgrade"
_ENDS_NAME = b": \t"


class UpgradeFilter:
    """Takes ``Upgrade`` lines out of the headers of requests, however they arrive."""

    def __init__(self) -> None:
        self._held = b""  # the beginning of a line that may have to go
        self._lines = 0
        self._within_line = False
        self._has_text = False  # whether the line has, whose end has not come yet
        self._ends_with_lf = False  # the next byte ends the headers if it is LF

    def miss(self, data: bytes) -> None:
        """Take note of bytes that the parser had unfiltered.

        They are the end of one request and the beginning of another, which cannot be told apart
        before they are parsed.
        """
        self._held, self._lines = b"", 1
        self._within_line = not data.endswith(b"\n")
        self._ends_with_lf = data.endswith(b"\n\r")

    def take(self, data: bytes) -> bytes:
        """Return what the parser may see of bytes that begin within the headers of a request."""
        if self._is_plain(data):
            return data
        if self._ends_with_lf and data != b"":
            self._ends_with_lf = False
            if data.startswith(b"\n"):
                self._lines, self._within_line = 0, False
                return data
        data, self._held = self._held + data, b""
        kept = bytearray()
        place = 0
        while place < len(data):
            if not self._within_line:
                if self._ends_headers(data, place):
                    self._lines = 0
                    return bytes(kept + data[place:])
                verdict = self._judge(data, place)
                if verdict is None:
                    self._held = data[place:]
                    return bytes(kept)
                if verdict > place:  # an Upgrade line
                    place = verdict
                    continue
            end = data.find(b"\n", place) + 1
            self._within_line = end == 0
            line = data[place:] if end == 0 else data[place:end]
            kept += line
            place += len(line)
            self._has_text = self._has_text or line.strip(b"\r\n") != b""
            if end > 0:
                # Empty lines before the request line do not count (RFC 9112, section 2.2).
                self._lines += self._lines > 0 or self._has_text
                self._has_text = False
        return bytes(kept)

    def _is_plain(self, data: bytes) -> bool:
        """Tell whether these are whole headers, from their beginning, without an offer."""
        if self._held or self._lines or self._within_line:
            return False
        end = data.find(b"\r\n\r\n")
        return end > 0 and _NAME not in data[:end].lower() and data[:1] not in b"\r\n"

    def _ends_headers(self, data: bytes, place: int) -> bool:
        is_empty = data.startswith((b"\r\n", b"\n"), place)
        return is_empty and self._lines > 0

    def _judge(self, data: bytes, place: int) -> int | None:
        """Return where an Upgrade line ends, the place of any other; None: not known yet."""
        if self._lines == 0:
            return None if data[place:] == b"\r" else place
        start = data[place : place + len(_NAME) + 1].lower()
        if start == b"\r" or (len(start) <= len(_NAME) and _NAME.startswith(start)):
            return None
        if not start.startswith(_NAME) or start[-1:] not in _ENDS_NAME:
            return place
        end = data.find(b"\n", place) + 1
        return end if end > 0 else None
