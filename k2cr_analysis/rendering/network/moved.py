"""One internal load balancer for all services that moved: it answers to the names that their callers use already.

Who called ``http://cart`` in the cluster goes on calling it, from Cloud Run by the full name in the private zone, from
the cluster by the Service, which then leads to the load balancer and no more to pods. It speaks plain HTTP, as was
spoken before: no public certificate authority signs names under ``cluster.local``. Source: Cloud Load Balancing, "Set
up a regional internal Application Load Balancer with Cloud Run", host rules; Kubernetes, "Services without selectors".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from k2cr_analysis.assessment.called_names import called_names, calls_by_target
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.addresses import ClusterService
from k2cr_analysis.rendering.network.home import Home, home_of
from k2cr_analysis.rendering.text.names import cut
from k2cr_analysis.rendering.text.scripts import MADE_BY_K2CR, PROJECT, REGION, comment, unless, unless_ours
from k2cr_analysis.rendering.text.shell import quote

FRONT = "k2cr-inside"
DNS_ZONE = "k2cr-svc-cluster-local"
DNS_SUFFIX = "svc.cluster.local."
_NAME_LIMIT = 63
_PLACE = f"{PROJECT} {REGION}"


@dataclass(frozen=True, slots=True)
class OldName:
    """A Service by which a workload that moves is called inside the cluster; ``ports`` are the Service's own."""

    service: ClusterService
    ports: tuple[tuple[str | None, int], ...]  # (name, number)
    selector: tuple[tuple[str, str], ...]


def old_names(workload: Workload, context: RenderContext) -> tuple[OldName, ...]:
    """The names that callers inside the cluster use, where they speak plain HTTP to the ingress container."""
    assessed = context.assessed.get(workload.id)
    if assessed is None:
        return ()
    found = []
    callers = [context.assessed[c] for c in context.callers.get(workload.id, ()) if c in context.assessed]
    for exposure in called_names(assessed, calls_by_target(callers).get(workload.id, ())):
        ports = tuple((p.name, p.port) for p in exposure.ports if p.target == assessed.fit.ingress_port)
        service = ClusterService(workload.namespace, exposure.service)
        found.append(OldName(service, ports, tuple(sorted(exposure.selector.items()))))
    return tuple(found)


def hosts_of(name: OldName, context: RenderContext) -> tuple[str, ...]:
    """Every form of the name; the shortest only where no other Service of the snapshot bears it."""
    service = name.service
    short = (service.name,) if sum(n == service.name for _, n in context.services) == 1 else ()
    own = f"{service.name}.{service.namespace}"
    return (service.host, f"{own}.svc", own, *short)


def front_lines(names: tuple[OldName, ...], backend: str, context: RenderContext) -> list[str]:
    """The shared load balancer, a host rule for each name, a rule for each port, and the names in the zone."""
    network, subnet = quote(context.network), quote(context.subnet)
    lines = [
        *zone_lines(home_of(context.network, context.subnet)),
        "# Callers go on as they do: one internal load balancer for all services that moved answers to the old names.",
        f"if ! ours 'compute url-maps' {FRONT} {_PLACE}; then",
        f"  gcloud compute url-maps create {FRONT} {_PLACE} --default-service={backend} \\",
        f"    --description='{MADE_BY_K2CR}'",
        "fi",
        "# It has no rules yet: a name without one gets 404, and not the service that came first.",
        f"rules=$(gcloud compute url-maps describe {FRONT} {_PLACE} --format='value(name,hostRules[].hosts)')",
        f"if [[ $rules == {FRONT}$'\\t' ]]; then",
        f"  gcloud compute url-maps import {FRONT} {_PLACE} --quiet <<'EOF'",
        f"name: {FRONT}",
        f"description: {MADE_BY_K2CR}",
        f"defaultService: regions/{context.region_literal}/backendServices/{backend}",
        "defaultRouteAction: {faultInjectionPolicy: {abort: {httpStatus: 404, percentage: 100}}}",
        "EOF",
        "fi",
    ]
    for name in names:
        hosts = hosts_of(name, context)
        matcher = _matcher(name)
        lines += [
            f"if ! {_has_rule(hosts[0])}; then",
            f"  gcloud compute url-maps add-path-matcher {FRONT} {_PLACE} --path-matcher-name={matcher} \\",
            f"    --default-service={backend} --new-hosts={','.join(hosts)}",
            "fi",
            f"leads_to=$(gcloud compute url-maps describe {FRONT} {_PLACE} --flatten='pathMatchers[]' \\",
            f"  --filter='pathMatchers.name={matcher}' --format='value(pathMatchers.defaultService)')",
            f"if [[ -n $leads_to && $leads_to != */{backend} ]]; then",
            f'  echo "{hosts[0]} leads to $leads_to, of another cluster or project: it is left alone." >&2',
            "  exit 1",
            "fi",
        ]
    proxy = f"{FRONT}-proxy"
    lines += unless_ours(
        "compute target-http-proxies",
        f"{proxy} {_PLACE}",
        [
            f"gcloud compute target-http-proxies create {proxy} {_PLACE} \\",
            f'  --url-map={FRONT} --url-map-region="$REGION"',
        ],
    )
    lines += unless_ours(
        "compute addresses",
        f"{FRONT} {_PLACE}",
        [f"gcloud compute addresses create {FRONT} {_PLACE} --subnet={subnet} --purpose=SHARED_LOADBALANCER_VIP"],
    )
    everywhere = " --allow-global-access" if is_elsewhere(context) else ""
    for port in sorted({number for name in names for _, number in name.ports}):
        lines += unless_ours(
            "compute forwarding-rules",
            f"{FRONT}-{port} {_PLACE}",
            [
                f"gcloud compute forwarding-rules create {FRONT}-{port} {_PLACE} \\",
                f"  --load-balancing-scheme=INTERNAL_MANAGED --network={network} --subnet={subnet} \\",
                f"  --address={FRONT} --ports={port}{everywhere} \\",
                f'  --target-http-proxy={proxy} --target-http-proxy-region="$REGION"',
            ],
        )
    lines += [
        f"address=$(gcloud compute addresses describe {FRONT} {_PLACE} --format='value(address)')",
    ]
    return [*lines, *(f'enter_name {quote(name.service.host)} "$address"' for name in names)]


def answers_to(host: str, home: Home) -> str:
    """A command that succeeds where the name leads to the load balancer of what moved."""
    address = f"gcloud compute addresses describe {FRONT} {_PLACE} --format='value(address)'"
    record = f"gcloud dns record-sets describe {quote(f'{host}.')} --type=A --zone={DNS_ZONE} {home.project}"
    return f"[[ $({record} --format='value(rrdatas)' 2>/dev/null) == \"$({address} 2>/dev/null || echo none)\" ]]"


def _has_rule(host: str) -> str:
    """A command that succeeds where the load balancer of what moved has a rule for the name."""
    rules = f"gcloud compute url-maps describe {FRONT} {_PLACE} --format='value(hostRules[].hosts)' 2>/dev/null"
    return f"{rules} | tr -c 'a-z0-9.-' '\\n' | grep -Fx {quote(host)} >/dev/null"


def callers_lines(names: tuple[OldName, ...]) -> list[str]:
    """The Services of the cluster lead to the load balancer: callers that stay change nothing."""
    lines = [f"address=$(gcloud compute addresses describe {FRONT} {_PLACE} --format='value(address)')"]
    for name in names:
        service = name.service
        lines += [
            comment(f"Service {service.name} leads to the load balancer: without a selector it has no pods."),
            f"lead_to_balancer {quote(service.namespace)} {quote(service.name)} {quote(json.dumps(_ports(name)))}",
        ]
    return lines


def back_lines(names: tuple[OldName, ...], home: Home) -> list[str]:
    """The Services select their pods again; names in the zone lead to them, where callers gave them a balancer.

    The load balancer keeps its rules: who still has the old record for a minute is answered by Cloud Run.
    """
    lines = []
    for name in names:
        service, at = name.service, f"--namespace={quote(name.service.namespace)}"
        patch = json.dumps({"spec": {"selector": dict(name.selector)}})
        lines += [
            f"kubectl patch service {quote(service.name)} {at} --patch={quote(patch)}",
            f"kubectl delete endpointslice {quote(f'{service.name}-run')} {at} --ignore-not-found",
            f"if {answers_to(service.host, home)}; then",
            f"  address=$(kubectl get service {quote(internal_name(service.name))} {at} --ignore-not-found \\",
            "    -o jsonpath='{.status.loadBalancer.ingress[0].ip}')",
            f'  if [[ -n $address ]]; then enter_name {quote(service.host)} "$address"; fi',
            "fi",
        ]
    return lines


LEAD_TO_BALANCER = r"""# lead_to_balancer NAMESPACE SERVICE PORTS: the load balancer is the Service's only endpoint.
lead_to_balancer() {
  local namespace=$1 service=$2 ports=$3 selector
  kubectl apply -f - <<SLICE
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: $service-run
  namespace: $namespace
  labels: {kubernetes.io/service-name: $service, endpointslice.kubernetes.io/managed-by: k2cr}
addressType: IPv4
ports: $ports
endpoints: [{addresses: ["$address"], conditions: {ready: true}}]
SLICE
  selector=$(kubectl get service "$service" --namespace="$namespace" -o jsonpath='{.spec.selector}')
  if [[ -n $selector ]]; then
    kubectl patch service "$service" --namespace="$namespace" --type=json \
      --patch='[{"op": "remove", "path": "/spec/selector"}]'
  fi
}"""


def enter_name(home: Home, context: RenderContext) -> str:
    """The bash function that enters a name in the zone, where it is no other cluster's."""
    check = '  claim_name "$host"\n' if context.cluster else ""
    return rf"""# enter_name HOST ADDRESS: the name leads to the address, for all that use the network's zone.
enter_name() {{
  local host="$1." verb=create
{check}  if gcloud dns record-sets describe "$host" --type=A --zone={DNS_ZONE} {home.project} >/dev/null 2>&1; then
    verb=update
  fi
  gcloud dns record-sets "$verb" "$host" --type=A --ttl=60 --rrdatas="$2" --zone={DNS_ZONE} {home.project}
}}"""


def claim_name(home: Home, context: RenderContext) -> list[str]:
    """The bash function that keeps a name for its cluster; none where the cluster is not known.

    Clusters of one network share its zone, since a network takes no second one of that name: of two Services with one
    name and namespace the first keeps it.
    """
    if not context.cluster:
        return []
    owner = f"cluster {context.cluster}"
    owner += f" in {context.cluster_location}" if context.cluster_location else ""
    where = f"--type=TXT --zone={DNS_ZONE} {home.project}"
    text = rf"""# claim_name HOST: a name in the zone belongs to the cluster that entered it first.
claim_name() {{
  local held owner={quote(owner)}
  held=$(gcloud dns record-sets describe "$1" {where} --format='value(rrdatas)' 2>/dev/null || true)
  if [[ -z $held ]]; then
    gcloud dns record-sets create "$1" {where} --ttl=300 --rrdatas="\"$owner\""
  elif [[ $held != *"$owner"* ]]; then
    echo "$1 is the name of a Service of another cluster in this network ($held): nothing is taken over." >&2
    echo "Give the callers of one of the two another name, by hand." >&2
    exit 1
  fi
}}"""
    return [*text.splitlines(), ""]


def zone_lines(home: Home) -> list[str]:
    """The private zone of the names of the network's clusters."""
    described = f"gcloud dns managed-zones describe {DNS_ZONE} {home.project}"
    create = [
        f"gcloud dns managed-zones create {DNS_ZONE} {home.project} --visibility=private --networks={home.network} \\",
        f"  --dns-name={DNS_SUFFIX} --description='Services of clusters, for callers outside them'",
    ]
    return unless(described, create)


def is_elsewhere(context: RenderContext) -> bool:
    """Whether what moves goes to another region than the cluster's; False where one of them is not known."""
    location = context.cluster_location
    region = re.sub(r"-[a-z]$", "", location) if location else None
    return bool(region and context.region and region != context.region)


def internal_name(service: str) -> str:
    """The Service of type LoadBalancer beside one that is called from outside the cluster."""
    return cut(f"{service}-internal", _NAME_LIMIT, service)


def _matcher(name: OldName) -> str:
    return cut(f"{name.service.namespace}-{name.service.name}", _NAME_LIMIT, name.service.host)


def _ports(name: OldName) -> list[dict[str, object]]:
    return [{"name": port_name or "", "port": number, "protocol": "TCP"} for port_name, number in name.ports]
