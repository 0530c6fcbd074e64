"""Files of ConfigMaps with addresses of Cloud Run in them, refreshed on the day: the new text, or a plain stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from k2cr_analysis.rendering import context_of
from k2cr_analysis.verdicts import assess
from tests.fit.cluster import container, deployment
from tests.rendering.metamorphic import snapshot_of
from tests.rendering.stand_in import StandIn
from tests.rendering.test_scripts import folder_of, secrets_of

OLD, NEW = "redis: {host: redis, pool: 1}\n", "redis: {host: redis, pool: 9}\n"
FULL = "redis.shop.svc.cluster.local"


def written(folder: Path, text: str) -> Path:
    mounts = [{"name": "conf", "mountPath": "/etc/conf"}]
    pod = deployment(container(volumeMounts=mounts), volumes=[{"name": "conf", "configMap": {"name": "conf"}}])
    metadata = {"name": "conf", "namespace": "shop"}
    documents: list[dict[str, Any]] = [
        pod,
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a.yaml": text}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "redis", "namespace": "shop"},
            "spec": {"selector": {"app": "redis"}, "ports": [{"port": 6379}]},
        },
    ]
    config = Config(project=Project(id="p", number="1", region="us-central1", network="prod", subnet="run"))
    assessment = assess(snapshot_of(documents), config, effort="quick")
    return folder_of(folder, assessment.workloads[0], context_of(assessment))


def test_a_text_with_addresses_is_written_anew_once_it_is_rendered_anew(tmp_path: Path) -> None:
    stand_in, held = StandIn(tmp_path / "bin"), tmp_path / "held"
    kubectl = stand_in.folder / "kubectl"
    held.write_text(OLD)
    answer = f"if [[ $* == *'{{{{index .data'* ]]; then cat {held}; exit; fi"
    kubectl.write_text(f"#!/bin/bash\n{answer}\n" + kubectl.read_text())
    first = written(tmp_path / "first", OLD)
    assert stand_in.run(first / "prepare.sh").code == 0
    same = stand_in.run(first / "prepare.sh", "refresh")
    assert (same.code, same.of("add", "update")) == (0, []), same.said
    held.write_text(NEW)
    stopped = stand_in.run(first / "prepare.sh", "refresh")
    assert stopped.code == 1
    assert "has changed since k2cr read it" in stopped.said
    assert stopped.of("add", "update") == []
    again = written(tmp_path / "again", NEW)
    ran = stand_in.run(again / "prepare.sh", "refresh")
    assert ran.code == 0, ran.said
    (versions,) = secrets_of(stand_in).values()
    assert versions == [text.replace("host: redis", f"host: {FULL}") for text in (OLD, NEW)]
