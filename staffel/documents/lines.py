"""Streams a file line by line with a limit on memory, each line decoded by itself."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from staffel.documents.encoding import decode_as, detect, is_utf8_so_far, marked_encoding, refuse_binary
from staffel.documents.errors import UnreadableDocumentError

_CHUNK_BYTES = 64 * 1024


class Lines(Iterator[str]):
    """The lines of a file, ends kept. A faulty line raises UnreadableDocumentError; the next call goes on.

    `number` is the line read last, from 1. `max_record_bytes` holds for all lines since `begin_record`,
    so that a quote that is never closed does not read the whole file into one row.
    """

    def __init__(self, file: BinaryIO, *, max_record_bytes: int) -> None:
        """Raises UnreadableDocumentError when the file begins like a binary one."""
        self._start = file.read(_CHUNK_BYTES)
        self._file = _as_utf8(file, self._start)
        self._max_record_bytes = max_record_bytes
        self._record_bytes = 0
        self._legacy_encoding: str | None = None
        self._given_back: str | None = None
        self.number = 0

    def __next__(self) -> str:
        if self._given_back is not None:
            line, self._given_back = self._given_back, None
        else:
            line = self._read()
        return line

    def begin_record(self) -> None:
        """From here on the limit counts anew."""
        self._record_bytes = 0

    def give_back(self, line: str) -> None:
        """The line will be read again; `number` keeps naming it."""
        self._given_back = line

    def _read(self) -> str:
        raw = self._file.readline(self._max_record_bytes + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        self._record_bytes += len(raw)
        if self._record_bytes > self._max_record_bytes:
            self._skip_rest_of(raw)
            raise UnreadableDocumentError(f"longer than {self._max_record_bytes} bytes")
        return self._decode(raw)

    def _decode(self, raw: bytes) -> str:
        refuse_binary(raw)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return decode_as(raw, self._legacy_encoding or self._detect_once(raw))

    def _detect_once(self, raw: bytes) -> str:
        """Detection is slow, and surer on much text than on one line."""
        self._legacy_encoding = detect(raw if is_utf8_so_far(self._start) else self._start)
        return self._legacy_encoding

    def _skip_rest_of(self, raw: bytes) -> None:
        while raw and not raw.endswith(b"\n"):
            raw = self._file.readline(_CHUNK_BYTES)


def _as_utf8(file: BinaryIO, start: bytes) -> BinaryIO | io.BufferedReader:
    """The file from its first character; UTF-16 and UTF-32 are translated while they are read."""
    encoding = marked_encoding(start)
    if encoding is None:
        refuse_binary(start)
    file.seek(len(codecs.BOM_UTF8) if encoding == "utf-8-sig" else 0)
    if encoding in {None, "utf-8-sig"}:
        return file
    return io.BufferedReader(_Translated(file, encoding or ""))


class _Translated(io.RawIOBase):
    """UTF-16 and UTF-32 as UTF-8, so that line ends can be found by their byte."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._waiting:
            chunk = self._file.read(_CHUNK_BYTES)
            self._waiting = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "replace")
            if not chunk:
                break
        taken = self._waiting[: len(buffer)]
        self._waiting = self._waiting[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
