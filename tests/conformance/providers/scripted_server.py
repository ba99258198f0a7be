"""The running stand-in as the tests of this folder see it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from staffel.fleet import Protocol
from workers.providers.seam import ModelRequest, Turn

KEY = "key-3f9a72c1d5"
MODEL = "scripted-model"


@dataclass(frozen=True, slots=True)
class ScriptedServer:
    """The running stand-in as tests see it."""

    url: str
    ledger_file: Path
    http: httpx.Client

    def follow(self, *rules: dict[str, Any]) -> None:
        self.http.put("/_script", json=list(rules)).raise_for_status()

    def play(self, **action: Any) -> None:
        """From now on, every request meets this."""
        self.follow({"action": action})

    def ledger(self, *, recorded: int = 0, settled: int = 0) -> list[dict[str, Any]]:
        """What it saw, once so many exchanges have begun and so many have ended."""
        params = {"recorded": recorded, "settled": settled}
        rows: list[dict[str, Any]] = self.http.get("/_ledger", params=params).raise_for_status().json()
        return rows

    def reset(self) -> None:
        self.http.delete("/_script").raise_for_status()
        self.http.delete("/_ledger").raise_for_status()


def base_url(protocol: Protocol, url: str) -> str:
    return f"{url}/v1" if protocol is Protocol.OPENAI else url


def request(prompt: str = "How many ships lie at the pier?", **changes: Any) -> ModelRequest:
    given: dict[str, Any] = {
        "turns": (Turn("system", "Answer in one sentence."), Turn("user", prompt)),
        "max_output_tokens": 200,
        "temperature": 0.0,
        "json_schema": None,
        "timeout": timedelta(seconds=20),
    }
    return ModelRequest(**{**given, **changes})


def ledger_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
