"""``k2cr.toml``: what a person tells k2cr, typed. Its keys: docs/configuration.md, and what ``k2cr init`` writes."""

from k2cr_analysis.config.load import load_config
from k2cr_analysis.config.settings import (
    AssumedTraffic,
    Config,
    Engine,
    Objectives,
    Policy,
    Project,
    Rates,
    RuleOverride,
    WorkloadSettings,
)

__all__ = [
    "AssumedTraffic",
    "Config",
    "Engine",
    "Objectives",
    "Policy",
    "Project",
    "Rates",
    "RuleOverride",
    "WorkloadSettings",
    "load_config",
]
