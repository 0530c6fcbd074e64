"""The way out: the subnet of Direct VPC egress, firewall rules by tag, static addresses, names of what stays on GKE.

Source: Cloud Run, "Direct VPC egress with a VPC network", "Static outbound IP address".
"""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.model.objects.egress_policies import egress_policies
from k2cr_analysis.model.parse.access import integer, mapping, objects, text
from k2cr_analysis.model.workload import Raw
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.egress.vpc_access import Callee, calls_of, private_calls, subnet_prefix
from k2cr_analysis.rendering.network.home import Home, home_of, user_lines
from k2cr_analysis.rendering.network.moved import DNS_ZONE, answers_to, internal_name, zone_lines
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.service import Egress, NfsVolume, RunService, RunWorkerPool
from k2cr_analysis.rendering.text.scripts import comment, unless, unless_ours
from k2cr_analysis.rendering.text.shell import flag, gcloud_list, quote

PRIVATE_RANGES = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"  # RFC 1918
EVERYWHERE = "0.0.0.0/0"
_NFS_PORT = 2049


def way_out(build: Build, egress: Egress) -> list[str]:
    home = home_of(egress.network, egress.subnet)
    if home.host is not None and build.context.project_number is None:
        build.account.placeholder("PROJECT_NUMBER", "the number of the project: [project] number in k2cr.toml")
    lines = [*_subnet(build, egress), *user_lines(home, build.context.project_number_literal)]
    lines += _firewall(build, egress)
    if egress.addresses:
        lines += ["", *_nat(egress)]
    if build.callees:
        lines += ["", *_names(build.callees, home, build.context)]
    return lines


def _subnet(build: Build, egress: Egress) -> list[str]:
    run = build.run
    largest = run.max_instances if isinstance(run, RunService) else 0
    largest = largest or (run.instances if isinstance(run, RunWorkerPool) else getattr(run, "parallelism", 1))
    prefix = subnet_prefix(largest)
    build.account.placeholder(
        "SUBNET_RANGE",
        f"a free range for the subnet of Direct VPC egress, /{prefix} or larger; only used where the subnet is not "
        "there",
    )
    home = home_of(egress.network, egress.subnet)
    subnet = home.subnet
    create = [
        f"gcloud compute networks subnets create {subnet} {home.regional} \\",
        f"  --network={home.network} --range=SUBNET_RANGE --enable-private-ip-google-access",
    ]
    return [
        "# Direct VPC egress.",
        comment(
            f"{largest} instances take up to {largest * 4} addresses while a rollout runs both revisions: a "
            f"/{prefix} or larger."
        ),
        *unless(f"gcloud compute networks subnets describe {subnet} {home.regional}", create),
    ]


def _firewall(build: Build, egress: Egress) -> list[str]:
    """Rules by the network tag: what it calls is allowed; where a NetworkPolicy says so, all else is not."""
    if not egress.tags:
        return []
    ports = {p for c in build.callees for p in c.ports}
    ports |= {d.port for d in private_calls(calls_of(build.assessed.fit)) if d.port}
    ports |= {_NFS_PORT for v in build.run.template.volumes if isinstance(v.source, NfsVolume)}
    tag = egress.tags[0]
    lines = []
    if ports:
        rules = ",".join(f"tcp:{p}" for p in sorted(ports))
        lines += _rule(f"{tag}-egress", egress, f"--action=ALLOW --rules={rules}", PRIVATE_RANGES)
    policies = egress_policies(build.workload)
    for number, (ranges, allowed) in enumerate(a for raw in policies for a in _allowed_blocks(raw)):
        lines += _rule(f"{tag}-egress-{number}", egress, f"--action=ALLOW --rules={allowed}", ",".join(ranges))
    for name, port in (n for raw in policies for n in _named_ports_of_addresses(raw)):
        lines.append(comment(f"NetworkPolicy {name} allows port {port} by name: add the number that it has there."))
    if policies:
        names = ", ".join(str(mapping(raw, "metadata").get("name")) for raw in policies)
        lines += [comment(f"NetworkPolicy {names} lets it call nothing else.")]
        # After the rules above: a smaller number goes first.
        lines += _rule(f"{tag}-egress-else", egress, "--action=DENY --rules=all --priority=65000", EVERYWHERE)
    return ["# Instances have no address of their own: the rules go by network tag.", *lines] if lines else []


def _rule(name: str, egress: Egress, what: str, ranges: str) -> list[str]:
    rule, home = quote(name), home_of(egress.network, egress.subnet)
    create = [
        f"gcloud compute firewall-rules create {rule} {home.project} --network={home.network} \\",
        f"  --direction=EGRESS {what} \\",
        f"  {flag('target-tags', gcloud_list(egress.tags))} {flag('destination-ranges', ranges)}",
    ]
    return unless_ours("compute firewall-rules", f"{rule} {home.project}", create)


def _allowed_blocks(policy: Raw) -> Iterator[tuple[list[str], str]]:
    """(ranges, protocols and ports) of the addresses that a NetworkPolicy names."""
    for _, rule in objects(mapping(policy, "spec"), "egress"):
        ranges = [cidr for _, to in objects(rule, "to") if (cidr := text(mapping(to, "ipBlock"), "cidr"))]
        ports = [found for _, port in objects(rule, "ports") if (found := _ports(port))]
        if rule.get("ports") and not ports:
            continue  # ports by name: of pods, whose Services are among the callees, or of addresses, which is told
        elif ranges or (ports and not rule.get("to")):
            yield ranges or [EVERYWHERE], ",".join(ports) or "all"


def _named_ports_of_addresses(policy: Raw) -> Iterator[tuple[str, str]]:
    """(policy, port) of ports by name where no pod says which number that is."""
    for _, rule in objects(mapping(policy, "spec"), "egress"):
        if not any(mapping(to, "podSelector") for _, to in objects(rule, "to")):
            for _, port in objects(rule, "ports"):
                if isinstance(port.get("port"), str):
                    yield str(mapping(policy, "metadata").get("name")), str(port["port"])


def _ports(port: Raw) -> str | None:
    first, last = integer(port, "port"), integer(port, "endPort")
    protocol = port.get("protocol", "TCP")
    if not first or protocol not in ("TCP", "UDP", "SCTP"):
        return None
    return f"{protocol.lower()}:{first}{f'-{last}' if last else ''}"


def _nat(egress: Egress) -> list[str]:
    """Cloud NAT with reserved addresses, for the subnet alone."""
    home = home_of(egress.network, egress.subnet)
    router, subnet = f"{home.subnet_name}-router", home.subnet
    lines = [
        "# Calls to the internet leave by reserved addresses, which others may have on their lists. A new instance may",
        "# need half a minute before they get through: the first calls should be tried again.",
    ]
    for address in egress.addresses:
        lines += unless(
            f"gcloud compute addresses describe {quote(address)} {home.regional}",
            [f"gcloud compute addresses create {quote(address)} {home.regional}"],
        )
    lines += unless_ours(
        "compute routers",
        f"{quote(router)} {home.regional}",
        [f"gcloud compute routers create {quote(router)} {home.regional} --network={home.network}"],
    )
    nat = f"{quote(home.subnet_name + '-nat')} {home.regional} --router={quote(router)}"
    return lines + unless(
        f"gcloud compute routers nats describe {nat}",
        [
            f"gcloud compute routers nats create {nat} \\",
            f"  --nat-custom-subnet-ip-ranges={subnet} {flag('nat-external-ip-pool', gcloud_list(egress.addresses))}",
        ],
    )


def _names(called: tuple[Callee, ...], home: Home, context: RenderContext) -> list[str]:
    """What stays gets an internal load balancer, and its address a name that the network resolves."""
    lines = ["# What stays in the cluster: an internal load balancer each, under the full name of its Service."]
    lines += [
        'kubectl apply -f "$(dirname "${BASH_SOURCE[0]}")/gke-internal-lb.yaml"',
        *zone_lines(home),
    ]
    lines += [
        "# name_service NAMESPACE SERVICE BALANCER: waits for the balancer's address and enters it in the zone.",
        "name_service() {",
        '  local host="$2.$1.svc.cluster.local." address verb=create',
        *(['  claim_name "$host"'] if context.cluster else []),
        "  kubectl wait --for=jsonpath='{.status.loadBalancer.ingress[0].ip}' \"service/$3\" "
        '--namespace="$1" --timeout=600s',
        '  address=$(kubectl get service "$3" --namespace="$1" -o jsonpath=\'{.status.loadBalancer.ingress[0].ip}\')',
        f'  if gcloud dns record-sets describe "$host" --type=A --zone={DNS_ZONE} {home.project} >/dev/null 2>&1; then',
        "    verb=update",
        "  fi",
        '  gcloud dns record-sets "$verb" "$host" --type=A --ttl=60 --rrdatas="$address" \\',
        f"    --zone={DNS_ZONE} {home.project}",
        "}",
    ]
    for callee in called:
        service = callee.service
        until = "it stays" if callee.stays else f"until {callee.workload} has moved too"
        named = f"name_service {quote(service.namespace)} {quote(service.name)} {quote(internal_name(service.name))}"
        # What has moved already keeps the address of the load balancer of all that moved.
        moved = [f"if ! {answers_to(service.host, home)}; then", f"  {named}", "fi"]
        lines += [comment(f"{callee.evidence} ({until})"), *([named] if callee.stays else moved)]
        for pod in callee.pods:
            words = (service.namespace, f"{pod}.{service.name}", internal_name(pod))
            lines.append(f"name_service {' '.join(quote(w) for w in words)}")
    return lines
