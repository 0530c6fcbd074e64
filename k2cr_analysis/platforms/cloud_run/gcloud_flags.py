"""Which gcloud version brought which flag of ``gcloud run`` to its GA track: one table.

Read in gcloud's release notes: those that gcloud 556 ships (to 2026-02-10), and those of 570 to 587. The notes in
between could not be read: what Cloud Run's own notes call GA in that time stands with 570, where it was at the latest.
An older version gets the YAML form, which needs no flag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_NOTES = Source("https://docs.cloud.google.com/sdk/docs/release-notes", "2026-11-30", "556 and older, 570 to 587")

# The oldest version that is known to have all of a row; 528 where only the client itself was asked.
FLAGS: Annotated[Mapping[str, int], _NOTES] = {
    # gcloud run deploy
    "--container": 463,
    "--depends-on": 463,
    "--startup-probe": 515,
    "--liveness-probe": 515,
    "--readiness-probe": 573,
    "--workdir": 575,
    "--gpu": 516,
    "--gpu-type": 516,
    "--no-gpu-zonal-redundancy": 517,
    "--min": 528,
    "--max": 540,  # maximum instances of a service
    "--scaling-cpu-target": 587,
    "--scaling-concurrency-target": 587,
    "--no-invoker-iam-check": 528,
    "--no-default-url": 529,
    # gcloud run deploy and gcloud run jobs deploy
    "--network": 528,
    "--subnet": 528,
    "--network-tags": 528,
    "--add-volume-mount": 490,
    "--add-volume type=in-memory": 501,
    "--add-volume type=cloud-storage": 490,
    "--add-volume type=nfs": 490,
    "--add-volume mount-options": 540,
    "--add-volume type=ephemeral-disk": 587,
    # gcloud run jobs deploy
    "jobs --container": 517,
    "jobs --gpu": 543,
    "jobs --startup-probe": 531,
    # Groups of commands
    "worker-pools": 570,  # GA 2026-04-14, beta in 556: in which of the versions between is not known
}
NEWEST: int = max(FLAGS.values())
# From here on there is a `replace` for services and jobs, and all else that the scripts use.
OLDEST: Annotated[int, _NOTES] = 424
_VERSION = re.compile(r"(\d{3,4})(?:\.\d+){0,2}")


def lacks(flag: str, version: int) -> int | None:
    """The version that brought a flag, where ``version`` is older; None where it has it.

    What the table does not name is older than ``OLDEST``.
    """
    since = FLAGS.get(flag, OLDEST)
    return since if since > version else None


def major_version(text: str) -> int | None:
    """``588`` or ``588.0.0`` -> 588; None where the text is no version."""
    found = _VERSION.fullmatch(text.strip())
    return int(found[1]) if found else None
