"""Identifiers: UUIDv7, so that new rows stand together in an index (RFC 9562, section 5.7)."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    return uuid7()
