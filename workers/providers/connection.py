"""How SDK clients connect: no detour, no patience with dead addresses, no content in logs."""

import logging
from datetime import timedelta

from workers.providers.seam import Endpoint

CONNECT_TIMEOUT = timedelta(seconds=10)

#: For servers without a key. Given none, the SDKs would send one they find in the environment.
PLACEHOLDER_KEY = "none"


def routes(endpoint: Endpoint) -> dict[str, None]:
    """The `mounts` of an HTTP client: a local provider is reached directly, whatever HTTP_PROXY says.

    What must not leave the house must not pass a proxy either. (`trust_env=False` would do it too, and switch
    off SSL_CERT_FILE as well.)
    """
    return {"http://": None, "https://": None} if endpoint.local else {}


def quiet_logger(name: str) -> None:
    """Keeps an SDK from logging request bodies, as some do at level DEBUG."""
    logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger(name).level))
