"""What a search for the configuration of one workload rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from k2cr_analysis.config import Objectives
from k2cr_analysis.config.settings import Config
from k2cr_analysis.latency.predict import Basis
from k2cr_analysis.model.workload import Workload

if TYPE_CHECKING:
    from k2cr_analysis.latency.search.search import CostOfMonth


@dataclass(frozen=True, slots=True)
class Question:
    """``cost``: money a month of a shape with an instance timeline."""

    workload: Workload
    basis: Basis
    cost: CostOfMonth
    config: Config
    objectives: Objectives
