"""The files of one workload, and folders written so that a crash leaves the old one or the new one."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.atomic import folder_in_progress, remove_abandoned, said_when_full
from k2cr_analysis.openapi.cloud_run import problems
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.forms.cloudbuild import cloudbuild, released_container, trigger_script
from k2cr_analysis.rendering.forms.flags_form import deploy_script
from k2cr_analysis.rendering.forms.objects import api_object
from k2cr_analysis.rendering.forms.terraform import terraform_files
from k2cr_analysis.rendering.forms.yaml_form import yaml_text
from k2cr_analysis.rendering.migration.cutover import cutover
from k2cr_analysis.rendering.migration.preflight import preflight_script
from k2cr_analysis.rendering.migration.prepare import prepare_script
from k2cr_analysis.rendering.migration.rollback import rollback_script
from k2cr_analysis.rendering.migration.scheduler import scheduler_script
from k2cr_analysis.rendering.network.claims import entrance_entries
from k2cr_analysis.rendering.network.egress.internal_lb import (
    internal_gateways,
    internal_load_balancers,
    selector_command,
    selector_literal,
)
from k2cr_analysis.rendering.network.script import network_script, url_map_yaml
from k2cr_analysis.rendering.network.url_map import run_backend
from k2cr_analysis.rendering.spec.audience import BACKEND_ID
from k2cr_analysis.rendering.spec.build import Build, build
from k2cr_analysis.rendering.spec.port_claims import port_entries
from k2cr_analysis.rendering.spec.printed import Printer
from k2cr_analysis.rendering.spec.service import RunJob, RunService, RunWorkerPool
from k2cr_analysis.rendering.text.mapping import mapping_entries, mapping_json, mapping_md
from k2cr_analysis.rendering.text.names import folder_name
from k2cr_analysis.rendering.text.places import Places
from k2cr_analysis.rendering.text.shell import quote
from k2cr_analysis.rendering.text.values import FILL, VALUES, Released, fill_script, merged, values_env

SPEC_FILES = {RunService: "service.yaml", RunJob: "job.yaml", RunWorkerPool: "worker-pool.yaml"}
# In the order in which what they note is listed.
PRINTERS: Mapping[str, Printer] = {
    "preflight.sh": preflight_script,
    "prepare.sh": prepare_script,
    "deploy.sh": deploy_script,
    "network.sh": network_script,
    "url-map.yaml": url_map_yaml,
    "gke-internal-lb.yaml": internal_load_balancers,
    "gke-internal-gateway.yaml": internal_gateways,
    "scheduler.sh": scheduler_script,
    "cloudbuild.yaml": cloudbuild,
    "trigger.sh": trigger_script,
    "rollback.sh": rollback_script,
}


class RefusedSpecError(Exception):
    """The Cloud Run API would refuse what was made of a workload. ``problems``: each as ``path: what``."""

    def __init__(self, workload: str, problems: tuple[str, ...]) -> None:
        self.workload, self.problems = workload, problems
        super().__init__(f"the Cloud Run API would refuse {workload}: {'; '.join(problems[:5])}")


def render_workload(assessed: WorkloadAssessment, context: RenderContext) -> Mapping[str, str]:
    """File name -> text, for one workload that moves. Pure: the same input gives the same bytes.

    Raises ``RefusedSpecError`` where the result is not what the Cloud Run v1 API takes.
    """
    built = build(assessed, context)
    wrong = problems(api_object(built.run).tree, built.account.placeholders)
    if wrong:
        raise RefusedSpecError(assessed.id, tuple(wrong))
    printed = {name: write(built) for name, write in PRINTERS.items()}
    made = replace(built, account=built.account.joined(p.notes for p in printed.values()))
    files = {name: p.text for name, p in printed.items() if p.text is not None}
    spec_file = SPEC_FILES[type(made.run)]
    files[spec_file] = _spec(made)
    files |= terraform_files(made, files)
    made.account.entries += [*port_entries(made), *entrance_entries(made, files)]
    entries = mapping_entries(made, Places(made, spec_file, files))
    files["cutover.md"] = cutover(made, frozenset(files))
    files |= {"mapping.md": mapping_md(made, entries), "mapping.json": mapping_json(made, entries)}
    files |= {VALUES: values_env(made.account.placeholders), FILL: _fill(made)}
    return dict(sorted(files.items()))


def _fill(made: Build) -> str:
    external = made.reached is None or made.reached.reach != "internal-load-balancer"
    backend = run_backend(made.workload, made.context, external=external)
    place = "--global" if external else '--region="$REGION"'
    command = f'gcloud compute backend-services describe {backend} {place} --project="$PROJECT" --format="value(id)"'
    asked = {BACKEND_ID: (command, "./network.sh in makes the backend service; then run ./deploy.sh again")}
    asked |= {selector_literal(c.service): (selector_command(c.service), "") for c in made.callees}
    return fill_script(made.account.placeholders, made.context, asked, _released(made))


def _released(made: Build) -> Released | None:
    """What the pipeline releases, so that deploy.sh leaves it as it runs."""
    container = released_container(made)
    if container is None:
        return None
    group = {RunService: "services", RunJob: "jobs", RunWorkerPool: "worker-pools"}[type(made.run)]
    at = "spec.template.spec.template.spec.containers" if group == "jobs" else "spec.template.spec.containers"
    describe = f"{group} describe {quote(made.run.name)}"
    return Released(container.name, container.image, describe, at, SPEC_FILES[type(made.run)])


def _spec(made: Build) -> str:
    spec = api_object(made.run)
    header = [
        f"{made.workload.id} on Cloud Run. Written by k2cr; the reasons stand beside the values, the rest "
        "is in mapping.md."
    ]
    choice = made.assessed.choice
    if choice is not None:
        how = "Cheapest that meets" if choice.met else "Nearest to"
        header.append(f"{how} the objective: {choice.limits} ({choice.limits.said}).")
    missing = [
        literal for literal in sorted(made.account.placeholders) if literal in json.dumps(spec.tree, ensure_ascii=False)
    ]
    if missing:
        header.append(f"To fill in (see mapping.md): {', '.join(missing)}.")
    return yaml_text(spec, header)


def write_folders(out: Path, rendered: Iterable[tuple[WorkloadAssessment, Mapping[str, str]]]) -> list[Path]:
    """Write a folder a workload under ``out``; each is replaced whole. Gives the folders, in the order of the input."""
    with said_when_full(out, "folder"):
        out.mkdir(parents=True, exist_ok=True)
        remove_abandoned(out)
    written = []
    for assessed, files in rendered:
        folder = out / folder_name(assessed.workload)
        _replace(folder, _with_values(folder, files))
        written.append(folder)
    return written


def _with_values(folder: Path, files: Mapping[str, str]) -> Mapping[str, str]:
    """The files with the ``values.env`` that is there: a person's words stay, and only keys that it lacks are added."""
    old = folder / VALUES
    if VALUES not in files or not old.is_file():
        return files
    return {**files, VALUES: merged(old.read_text(encoding="utf-8"), files[VALUES])}


def _replace(folder: Path, files: Mapping[str, str]) -> None:
    with said_when_full(folder, "folder"), folder_in_progress(folder, durable=False) as new:
        for name, text in files.items():
            path = new / name
            path.write_text(text, encoding="utf-8", newline="\n")
            if name.endswith(".sh"):
                path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
