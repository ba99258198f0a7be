"""The fleet of the bench: every tier on the scripted provider, the three protocols mixed."""

from dataclasses import dataclass, field

KEY_VARIABLE = "STAFFEL_SCRIPTED_KEY"
KEY = "scripted-key"

TEMPLATE = """
baseline_model = "claude-sonnet-5-5"

[data_classes]
public = ["local", "eu", "world"]
internal = ["local", "eu", "world"]
confidential = ["local", "eu"]
restricted = ["local"]

[providers.house]
protocol = "ollama"
residency = "local"
base_url = "{url}"
timeout_s = 20

[providers.europe]
protocol = "openai"
residency = "eu"
base_url = "{url}/v1"
api_key_env = "{key}"
price_provider = "openai"

[providers.world]
protocol = "anthropic"
residency = "world"
base_url = "{url}"
api_key_env = "{key}"
price_provider = "anthropic"

[models.small]
provider = "house"
context_tokens = 8192

[models.large]
provider = "house"
context_tokens = 32768

[models."gpt-6-sol"]
provider = "europe"
context_tokens = 200000

[models."claude-sonnet-5-5"]
provider = "world"
context_tokens = 200000

[tiers."fast-1.5b"]
models = ["small"]

[tiers."std-3b"]
models = ["gpt-6-sol"]

[tiers."adv-7b"]
models = ["large"]

[tiers."cloud-premium"]
models = ["claude-sonnet-5-5"]

[pools.fast]
tier = "fast-1.5b"
slots = {fast}

[pools.std]
tier = "std-3b"
slots = {std}

[pools.adv]
tier = "adv-7b"
slots = {adv}

[pools.cloud]
tier = "cloud-premium"
slots = {cloud}
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the fleet is: slots a pool, and how many worker processes of each."""

    slots: dict[str, int] = field(default_factory=lambda: {"fast": 8, "std": 8, "adv": 4, "cloud": 8})
    replicas: dict[str, int] = field(default_factory=lambda: {"fast": 2, "std": 1, "adv": 1, "cloud": 1})
    controls: int = 1
    lease_s: float = 3.0
    stuck_after_s: float = 30.0

    def toml(self, provider_url: str) -> str:
        return TEMPLATE.format(url=provider_url, key=KEY_VARIABLE, **self.slots)

    def settings(self) -> dict[str, str]:
        """The times of the fleet, scaled to the lease."""
        return {
            "STAFFEL_LEASE_S": str(self.lease_s),
            "STAFFEL_HEARTBEAT_S": str(self.lease_s / 3),
            "STAFFEL_STUCK_AFTER_S": str(self.stuck_after_s),
            "STAFFEL_RECONCILE_S": "0.5",
            "STAFFEL_HINT_LOST_AFTER_S": "2",
            "STAFFEL_BACKOFF_BASE_S": "0.2",
            "STAFFEL_BACKOFF_CAP_S": "2",
            "STAFFEL_CALL_TIMEOUT_S": "6",
            "STAFFEL_GRACE_S": "5",
            "STAFFEL_MAX_TRANSIENT_FAILURES": "8",
            "STAFFEL_BREAKER_FAILURES": "5",
            "STAFFEL_BREAKER_COOLDOWN_S": "0.5",
            "STAFFEL_BREAKER_COOLDOWN_CAP_S": "2",
            KEY_VARIABLE: KEY,
        }
