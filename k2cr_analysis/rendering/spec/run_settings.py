"""Settings of Cloud Run that no field of a pod speaks of: one row for each, with its word in every form.

They come from the annotations of a Knative Service that knows Cloud Run, from ``[policy]``, and from the names that
callers use. Source: annotations and flags of the v1 API as gcloud ships them; google_cloud_run_v2_service. Which
version brought a flag stands in ``platforms/cloud_run/gcloud_flags.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.platforms.cloud_run.annotations import (
    CONCURRENCY_TARGET,
    CPU_TARGET,
    GPU_REDUNDANCY_OFF,
    RUN,
    SERVICE_MAX_SCALE,
)
from k2cr_analysis.rendering.text.shell import flag, gcloud_list

AUDIENCES = f"{RUN}custom-audiences"
BINARY_AUTHORIZATION = f"{RUN}binary-authorization"
BREAKGLASS = f"{RUN}binary-authorization-breakglass"
CONNECTOR = f"{RUN}vpc-access-connector"
CLOUD_SQL = f"{RUN}cloudsql-instances"
ENCRYPTION_KEY = f"{RUN}encryption-key"
INVOKER_OFF = f"{RUN}invoker-iam-disabled"

_SHARE = re.compile(r"0\.\d+")
Shape = Literal["text", "on", "list", "json list", "share"]


@dataclass(frozen=True, slots=True)
class Setting:
    """``flag`` None: gcloud's GA track has none, and the YAML form is taken. ``share``: the flag takes a number alone.

    ``terraform``: the attribute of the resource, or of its template; None: written there in another way, or not at all.
    """

    annotation: str
    of: Literal["resource", "template"]
    shape: Shape
    flag: str | None = None
    terraform: str | None = None


SETTINGS: Mapping[str, Setting] = {
    setting.annotation: setting
    for setting in (
        Setting(AUDIENCES, "resource", "json list", "set-custom-audiences", "custom_audiences"),
        Setting(f"{RUN}description", "resource", "text", "description", "description"),
        Setting(BINARY_AUTHORIZATION, "resource", "text", "binary-authorization"),
        Setting(BREAKGLASS, "resource", "text", "breakglass"),
        Setting(INVOKER_OFF, "resource", "on", "no-invoker-iam-check", "invoker_iam_disabled"),
        Setting(f"{RUN}default-url-disabled", "resource", "on", "no-default-url", "default_uri_disabled"),
        Setting(SERVICE_MAX_SCALE, "resource", "text", "max"),
        Setting(CLOUD_SQL, "template", "list", "set-cloudsql-instances"),
        Setting(ENCRYPTION_KEY, "template", "text", "key", "encryption_key"),
        Setting(f"{RUN}post-key-revocation-action-type", "template", "text", "post-key-revocation-action-type"),
        Setting(f"{RUN}encryption-key-shutdown-hours", "template", "text", "encryption-key-shutdown-hours"),
        Setting(CONNECTOR, "template", "text", "vpc-connector"),
        Setting(
            GPU_REDUNDANCY_OFF,
            "template",
            "on",
            "no-gpu-zonal-redundancy",
            "gpu_zonal_redundancy_disabled",
        ),
        Setting(f"{RUN}health-check-disabled", "template", "on", None, "health_check_disabled"),
        Setting(CPU_TARGET, "template", "share", "scaling-cpu-target"),
        Setting(CONCURRENCY_TARGET, "template", "share", "scaling-concurrency-target"),
    )
}


@dataclass(frozen=True, slots=True)
class Set:
    """A setting with its value. ``why`` names where it comes from."""

    setting: Setting
    items: tuple[str, ...]  # one, where the shape is no list
    why: str

    @property
    def annotation_value(self) -> str:
        if self.setting.shape == "on":
            return "true"
        if self.setting.shape == "json list":
            return json.dumps(list(self.items))  # spaced as gcloud writes it
        return ",".join(self.items)

    @property
    def flag(self) -> str | None:
        """The flag, quoted; None where there is none."""
        if self.setting.flag is None or (self.setting.shape == "share" and not _SHARE.fullmatch(self.items[0])):
            return None
        if self.setting.shape == "on":
            return f"--{self.setting.flag}"
        return flag(self.setting.flag, gcloud_list(self.items) if "list" in self.setting.shape else self.items[0])


def read(annotation: str, value: str, why: str) -> Set | None:
    """A setting as an annotation has it; None where it is off, empty, or none of the table's."""
    setting = SETTINGS.get(annotation)
    if setting is None or not value or (setting.shape == "on" and value.lower() != "true"):
        return None
    items: tuple[str, ...] = (value,)
    if setting.shape == "list":
        items = tuple(v for v in value.split(",") if v)
    elif setting.shape == "json list":
        try:
            found = json.loads(value)
        except json.JSONDecodeError:
            return None
        items = tuple(str(v) for v in found) if isinstance(found, list) else ()
    return Set(setting, items, why) if items else None
