"""``k2cr.toml``: what a person tells k2cr, typed. Its keys: docs/configuration.md, and what ``k2cr init`` writes."""

from k2cr_analysis.config.load import load_config
from k2cr_analysis.config.planning import Freeze, PlanSettings, PoolSettings
from k2cr_analysis.config.settings import (
    AssumedTraffic,
    Config,
    Decided,
    Engine,
    EngineTables,
    Objectives,
    Policy,
    Project,
    Rates,
    RuleOverride,
    WorkloadSettings,
)
from k2cr_analysis.config.work_rates import EffortRates, RuleRates, ToilRates

__all__ = [
    "AssumedTraffic",
    "Config",
    "Decided",
    "EffortRates",
    "Engine",
    "EngineTables",
    "Freeze",
    "Objectives",
    "PlanSettings",
    "Policy",
    "PoolSettings",
    "Project",
    "Rates",
    "RuleOverride",
    "RuleRates",
    "ToilRates",
    "WorkloadSettings",
    "load_config",
]
