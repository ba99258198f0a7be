"""The fleet as declared in `fleet.toml`: tiers, pools, providers, models and prices."""

from staffel.fleet.loader import load_fleet
from staffel.fleet.model import Fleet, Model, Pool, Protocol, Provider, TierSpec

__all__ = ["Fleet", "Model", "Pool", "Protocol", "Provider", "TierSpec", "load_fleet"]
