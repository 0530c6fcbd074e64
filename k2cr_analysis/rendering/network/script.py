"""``network.sh``: the way out (before deploying) and the way in (after it), each in a function of its own."""

from __future__ import annotations

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.rendering.forms.objects import ApiObject, Path
from k2cr_analysis.rendering.forms.yaml_form import yaml_text
from k2cr_analysis.rendering.network.access.iap import iap_on_service
from k2cr_analysis.rendering.network.access.ingress_setting import Reached
from k2cr_analysis.rendering.network.balancer import (
    external_balancer,
    functions,
    internal_balancer,
    moved_front,
    way_back,
)
from k2cr_analysis.rendering.network.egress.resources import way_out
from k2cr_analysis.rendering.network.home import home_of
from k2cr_analysis.rendering.network.moved import back_lines, callers_lines, claim_name
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service_account import build_identity
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, comment, script
from k2cr_analysis.rendering.text.shell import flag, quote

_HEREDOC_END = "EOF"


@printer
def network_script(build: Build) -> str | None:
    """None where the workload needs nothing of the network. Placeholders that it uses enter the account."""
    reached, egress = build.reached, build.run.template.egress
    home = home_of(build.context.network, build.context.subnet)
    parts = {
        "out": way_out(build, egress) if egress else [],
        "in": _way_in(build, reached) if reached else [],
        "callers": _way_of_callers(build, reached) if reached and reached.names else [],
        "back": [*way_back(build, reached), *back_lines(reached.names, home)] if reached else [],
    }
    parts = {name: lines for name, lines in parts.items() if any(not line.startswith("#") for line in lines)}
    if not parts:
        return None
    head = [f"The network of {build.run.name} ({build.workload.id}). Written by k2cr. Safe to run twice."]
    says = {
        "out": "./network.sh out, before deploy.sh: what the program calls must be within its reach when it starts.",
        "in": "./network.sh in, after deploy.sh: load balancer and bindings refer to the service.",
        "callers": "./network.sh callers, once the service answers: callers in the cluster are led to it.",
        "back": "./network.sh back: rollback.sh runs it.",
    }
    head += [text for name, text in says.items() if name in parts]
    if build.callees or "back" in parts or "callers" in parts:
        head.append("kubectl must point at the cluster.")
    body = claim_name(home, build.context) if _enters_names(build, reached) else []
    body += functions(build, reached) if reached else []
    body += [line for name, lines in parts.items() for line in [f"way_{name}() {{", *_indented(lines), "}", ""]]
    forward = [name for name in parts if name in ("out", "in")]
    cases = [f"  {name}) way_{name} ;;" for name in parts]
    body += ['case "${1:-all}" in', *cases, f"  all) {'; '.join(f'way_{name}' for name in forward)} ;;"]
    body += [f'  *) echo "usage: $0 [{"|".join([*parts, "all"])}]" >&2; exit 2 ;;', "esac"]
    return script(head, build.context, body)


@printer
def url_map_yaml(build: Build) -> str | None:
    """``url-map.yaml``: hosts and paths, for ``gcloud compute url-maps import``; None without a load balancer."""
    found = build.reached.balancer if build.reached else None
    if found is None:
        return None
    for service in found.unknown:
        build.account.decide(
            f"Service {service} has no pods in the snapshot, so its paths are not in url-map.yaml: add a rule and a "
            "backend for it."
        )
    header = [f"Hosts and paths in front of {build.run.name}. Written by k2cr; network.sh imports it."]
    if found.is_shared:
        header.append(
            "Backends with -gke- in their names are Services of the cluster; network.sh puts Cloud Run's in their "
            "place once they have moved."
        )
    comments: dict[Path, str] = {}
    if "defaultRouteAction" in found.tree:
        comments[("defaultRouteAction",)] = "hosts that no rule names get 404, as they do today"
    for number, matcher in enumerate(found.tree.get("pathMatchers", ())):
        if "defaultRouteAction" in matcher:
            at = ("pathMatchers", number, "defaultRouteAction")
            comments[at] = "paths that no rule names get 404, as they do today"
    return yaml_text(ApiObject(found.tree, comments), header)


def _way_of_callers(build: Build, reached: Reached) -> list[str]:
    """Beside a way in for users, callers get theirs last: what lets the users in lets them in too."""
    return [*(moved_front(build, reached) if reached.balancer else []), *callers_lines(reached.names)]


def _enters_names(build: Build, reached: Reached | None) -> bool:
    """Whether a name of the cluster is entered in the network's zone: of what stays, or of what moved."""
    return bool((reached and reached.names) or (build.run.template.egress and build.callees))


def _indented(lines: list[str]) -> list[str]:
    """Two blanks before each line; the text of a here-document stays where it is."""
    found, inside = [], False
    for line in lines:
        found.append(line if inside or not line else f"  {line}")
        inside = line.endswith(f"<<'{_HEREDOC_END}'") or (inside and line != _HEREDOC_END)
    return found


def _way_in(build: Build, reached: Reached) -> list[str]:
    lines = [comment(f"{reached.why}.")]
    if reached.reach == "iap-direct":
        return lines + iap_on_service(build, reached.policy, reached.service)
    if reached.balancer and reached.reach == "external-load-balancer":
        return lines + external_balancer(build, reached, reached.balancer)
    if reached.balancer:
        return lines + internal_balancer(build, reached, reached.balancer) + _callers(build)
    if reached.names:
        return lines + moved_front(build, reached) + _callers(build)
    lines.append(
        "# Pods reach an internal service through Private Google Access of their subnet, and send an ID token."
    )
    return lines + _callers(build)


def _callers(build: Build) -> list[str]:
    """The workloads that call this one may invoke it; each by the identity that it has."""
    lines = []
    for caller in build.context.callers.get(build.workload.id, ()):
        member = _member(build.context.assessed[caller], build)
        lines += [
            comment(f"{caller} calls it."),
            f"gcloud run services add-iam-policy-binding {quote(build.run.name)} {PROJECT} {REGION} \\",
            f"  {flag('member', member)} --role=roles/run.invoker",
        ]
    return lines


def _member(caller: WorkloadAssessment, build: Build) -> str:
    workload = caller.workload
    identity = build_identity(workload, build.context.name_of(workload), build.context, Account())
    if caller.fit.moves or identity.to_create is None:
        return f"serviceAccount:{identity.email}"
    # Workload Identity Federation for GKE: the Kubernetes service account itself is the principal.
    pool = f"{build.context.project_literal}.svc.id.goog"
    return f"serviceAccount:{pool}[{workload.namespace}/{workload.pod.service_account_name or 'default'}]"
