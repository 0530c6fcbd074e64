"""The load balancer in front: serverless NEG, backend service, URL map, certificates, addresses, and IAP on it.

Source: Cloud Load Balancing, "Set up a global external Application Load Balancer with Cloud Run", "Set up a regional
internal Application Load Balancer with Cloud Run"; Certificate Manager, "Deploy a global Google-managed certificate
with DNS authorization"; GKE, "Container-native load balancing through standalone zonal NEGs".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from k2cr_analysis.platforms.gke.load_balancing import FRONT_END_RANGES
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.access.iap import iap_on_backend
from k2cr_analysis.rendering.network.access.iap_members import iap_functions
from k2cr_analysis.rendering.network.access.ingress_setting import Reached
from k2cr_analysis.rendering.network.backend_policy import source_ranges
from k2cr_analysis.rendering.network.egress.vpc_access import name_of_network_is_unknown, network_is_unknown
from k2cr_analysis.rendering.network.front import FrontendPolicy, regional_today
from k2cr_analysis.rendering.network.home import home_of
from k2cr_analysis.rendering.network.moved import LEAD_TO_BALANCER, enter_name, front_lines, is_elsewhere
from k2cr_analysis.rendering.network.on_gke import NAME_LIMIT, OnGke, backend_lines
from k2cr_analysis.rendering.network.url_map import UrlMap, base_name, run_backend
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.text.names import cut, short_hash
from k2cr_analysis.rendering.text.scripts import MADE_BY_K2CR, PROJECT, REGION, comment, unless, unless_ours
from k2cr_analysis.rendering.text.shell import flag, quote

GLOBAL = f"{PROJECT} --global"
REGIONAL = f"{PROJECT} {REGION}"
URL_MAP_FILE = "url-map.yaml"
_OF_LOGGING = re.compile(r"--((no-)?enable-logging|logging-)")
_RANGES_IN_A_RULE = 10  # Cloud Armor

# PLACE is filled in: global or regional.
_GKE_NEGS = r"""# gke_negs BACKEND NAMESPACE SERVICE PORT: a backend service holds the NEGs of a Service.
gke_negs() {
  local backend=$1 namespace=$2 service=$3 port=$4 status neg zones name zone held
  status=$(kubectl get service "$service" --namespace="$namespace" \
    -o go-template='{{with .metadata.annotations}}{{index . "cloud.google.com/neg-status"}}{{end}}')
  neg=$(sed -n "s/.*\"$port\": *\"\([^\"]*\)\".*/\1/p" <<<"$status")
  if [[ -z $neg ]]; then
    echo "Service $namespace/$service has no NEG for port $port." >&2
    echo "Annotate it, and run this again a minute later:" >&2
    echo "  kubectl annotate service $service -n $namespace \\" >&2
    echo "    cloud.google.com/neg='{\"exposed_ports\":{\"$port\":{}}}'" >&2
    return 1
  fi
  zones=$(gcloud compute network-endpoint-groups list --project="$PROJECT" --filter="name=$neg" \
    --format='value(name,zone.basename())')
  while read -r name zone; do
    if [[ $name != "$neg" || ! $zone =~ ^[a-z0-9-]+$ ]]; then
      echo "The NEG $neg of Service $namespace/$service is not there yet: run this again a minute later." >&2
      return 1
    fi
    held=$(gcloud compute backend-services describe "$backend" PLACE --format='value(backends[].group)')
    if [[ $held != *"/$zone/networkEndpointGroups/$name"* ]]; then
      gcloud compute backend-services add-backend "$backend" PLACE --network-endpoint-group="$name" \
        --network-endpoint-group-zone="$zone" --balancing-mode=RATE --max-rate-per-endpoint=1000
    fi
  done <<<"$zones"
}"""


@dataclass(frozen=True, slots=True)
class _Where:
    """Global or regional: what every command of a load balancer says of its place."""

    place: str
    scheme: str
    checks: str


_EXTERNAL = _Where(GLOBAL, "EXTERNAL_MANAGED", "--global-health-checks")
_INTERNAL = _Where(REGIONAL, "INTERNAL_MANAGED", '--health-checks-region="$REGION"')


def _where(reached: Reached) -> _Where:
    return _EXTERNAL if reached.reach == "external-load-balancer" else _INTERNAL


def functions(build: Build, reached: Reached) -> list[str]:
    """The bash functions that the way in and the way back share."""
    found = reached.balancer
    policies = [reached.policy, *(o.policy for o in (found.others if found else ()))]
    lines = iap_functions(policies, direct=reached.reach == "iap-direct") if reached.iap != "none" or found else []
    if reached.names:
        home = home_of(build.context.network, build.context.subnet)
        found_text = (enter_name(home, build.context), LEAD_TO_BALANCER)
        lines += [part for text in found_text for part in (*text.splitlines(), "")]
    if found is None or not found.is_shared:
        return lines
    where = _where(reached)
    lines += [*_GKE_NEGS.replace("PLACE", where.place).splitlines(), ""]
    return [*lines, *_import_function(found, where), ""]


def _import_function(found: UrlMap, where: _Where) -> list[str]:
    lines = [
        "# import_url_map SED...: hosts and paths as url-map.yaml has them; what has moved is reached on Cloud Run.",
        "import_url_map() {",
        '  local words=("$@")',
    ]
    for other in found.others:
        lines += ["  " + line for line in _other(other, where)]
    return [*lines, f'  sed "${{words[@]}}" {_here(URL_MAP_FILE)} |', f"    {_import(found, where.place)}", "}"]


def _other(other: OnGke, where: _Where) -> list[str]:
    there = backend_lines(other, where.place, where.scheme, where.checks)
    if other.run_backend is None:
        return [comment(f"{other.workload} stays on GKE."), *there]
    swap = quote(f"s|/{other.backend}$|/{other.run_backend}|")
    return [
        comment(f"{other.workload} is on GKE until it has moved too."),
        f"if ours 'compute backend-services' {other.run_backend} {where.place}; then",
        f"  words+=(-e {swap})",
        "else",
        *(f"  {line}" for line in there),
        "fi",
    ]


def _import(found: UrlMap, place: str) -> str:
    return f"gcloud compute url-maps import {found.tree['name']} {place} --quiet"


def _here(name: str) -> str:
    return f'"$(dirname "${{BASH_SOURCE[0]}}")/{name}"'


def _own_map(name: object, place: str, backend: str) -> list[str]:
    """A URL map that is ours, before anything is imported over it: making it is the check that cannot be missed."""
    create = f"gcloud compute url-maps create {name} {place} --default-service={backend}"
    return unless_ours("compute url-maps", f"{name} {place}", [create])


def _to_pods(build: Build, found: UrlMap, where: _Where) -> list[str]:
    """Load balancer and health checks reach the pods of what stays, whoever made the rule that lets them in today."""
    if not found.is_shared:
        return []
    home = home_of(build.context.network, build.context.subnet)
    name_of_network_is_unknown(build.context, build.account)
    backends = [*found.others, *([found.own] if found.own else [])]
    ports = sorted({p for one in backends for p in one.pod_ports})
    known = all(one.pod_ports for one in backends)
    rules = ",".join(f"tcp:{p}" for p in ports) if known else "tcp"
    name, sources = f"{found.name}-to-pods", flag("source-ranges", FRONT_END_RANGES)
    lines = ["# The load balancer and its health checks reach the pods of what stays on GKE."]
    if where is _INTERNAL:  # its own proxies speak to the pods
        listed = (
            f"gcloud compute networks subnets list {home.project} --network={home.network} "
            "--filter='purpose=REGIONAL_MANAGED_PROXY AND role=ACTIVE' --regions=\"$REGION\" "
            "--format='value(ipCidrRange)' --limit=1"
        )
        lines.append(f"proxies=$({listed})")
        sources = f'--source-ranges="{FRONT_END_RANGES}${{proxies:+,$proxies}}"'
    create = [
        f"gcloud compute firewall-rules create {name} {home.project} --network={home.network} \\",
        f"  --direction=INGRESS --action=ALLOW --rules={rules} {sources}",
    ]
    return [*lines, *unless_ours("compute firewall-rules", f"{name} {home.project}", create)]


def _import_lines(found: UrlMap, place: str, backend: str) -> list[str]:
    lines = [
        comment("Hosts and paths: written whole each time, and never over a map of somebody else's."),
        *_own_map(found.tree["name"], place, backend),
    ]
    if found.is_shared:
        return [*lines, "import_url_map -e ''"]
    return [*lines, f"{_import(found, place)} \\", f"  --source={_here(URL_MAP_FILE)}"]


def way_back(build: Build, reached: Reached) -> list[str]:
    """Its paths lead to its pods again; only where others share the load balancer, else the names lead back."""
    found = reached.balancer
    if found is None or found.own is None or not found.is_shared:
        return []
    where, external = _where(reached), reached.reach == "external-load-balancer"
    place, own, mine = where.place, found.own, run_backend(build.workload, build.context, external=external)
    lines = [
        *backend_lines(own, place, where.scheme, where.checks),
        f"import_url_map -e {quote(f's|/{mine}$|/{own.backend}|')}",
        "# Without it, the scripts of the others see that it is on GKE.",
        f"if gcloud compute backend-services describe {mine} {place} >/dev/null 2>&1; then",
        f"  gcloud compute backend-services delete {mine} {place} --quiet",
        "fi",
    ]
    return [
        comment(f"The paths of {build.workload.id} lead to its pods again; other paths stay as they are."),
        f"if ours 'compute url-maps' {found.tree['name']} {place}; then",
        *(f"  {line}" for line in lines),
        "fi",
    ]


def external_balancer(build: Build, reached: Reached, found: UrlMap) -> list[str]:
    """A global external Application Load Balancer, on the ports that are open today."""
    base = base_name(build.workload, build.context)
    name, backend = found.name, run_backend(build.workload, build.context, external=True)
    address, front = address_name(name, build.context), reached.front
    lines = _backend(build, base, backend, _EXTERNAL)
    lines += _policy(build, base, backend, reached, _EXTERNAL)
    lines += _to_pods(build, found, _EXTERNAL)
    lines += _import_lines(found, GLOBAL, backend)
    lines += unless_ours(
        "compute addresses",
        f"{address} {GLOBAL}",
        [f"gcloud compute addresses create {address} {GLOBAL} --network-tier=PREMIUM"],
    )
    if front.https:
        if front.ssl_policy and regional_today(build.workload):
            describe = f"compute ssl-policies describe {quote(front.ssl_policy)} {GLOBAL}"
            lines += _required(describe, "SSL policy", front.ssl_policy)
        lines += _https(found, front, address, reached.domains, reached.certificates)
    if front.http == "serve":
        lines += [
            comment("Plain HTTP is answered as it is today."),
            *_proxy(f"{name}-plain", "http", f"--url-map={found.tree['name']}"),
            *(
                r
                for port in front.http_ports
                for r in _forwarding(f"{name}-plain-{port}-fr", address, f"--target-http-proxy={name}-plain", port)
            ),
        ]
    if front.http == "redirect":
        lines += [
            *_redirect_map(f"{name}-http", GLOBAL, front, backend),
            *_proxy(f"{name}-http", "http", f"--url-map={name}-http"),
            *_forwarding(f"{name}-http-fr", address, f"--target-http-proxy={name}-http", 80),
        ]
    if reached.iap == "load-balancer":
        lines += iap_on_backend(build, backend, reached.policy, reached.service)
    return [
        *lines,
        "# The address that the names are to lead to:",
        f"gcloud compute addresses describe {address} {GLOBAL} --format='value(address)'",
    ]


def address_name(name: str, context: RenderContext) -> str:
    """A name for the new address that no address of today has: those are in use until the cutover, and after."""
    new = f"{name}-run-ip"
    return cut(f"{new}-{short_hash(new)}", NAME_LIMIT, new) if new in context.static_addresses else new


def _https(
    found: UrlMap, front: FrontendPolicy, address: str, domains: tuple[str, ...], certificates: tuple[str, ...]
) -> list[str]:
    """With the certificates that the entrances name today, where all of them name some; else with managed ones."""
    name, words = found.name, f"--url-map={found.tree['name']}"
    if certificates:
        lines = ["# The certificates that it has today: they hold here from the first moment."]
        words += f" {flag('ssl-certificates', ','.join(certificates))}"
    else:
        lines = _certificate(name, domains)
        words += f" --certificate-map={name}-certs"
    lines += _proxy(f"{name}-proxy", "https", words)
    if front.ssl_policy:
        policy = flag("ssl-policy", front.ssl_policy)
        lines += [f"gcloud compute target-https-proxies update {name}-proxy {GLOBAL} {policy}"]
    return lines + _forwarding(f"{name}-fr", address, f"--target-https-proxy={name}-proxy", 443)


def _proxy(name: str, kind: str, words: str) -> list[str]:
    proxies = f"compute target-{kind}-proxies"
    return unless_ours(proxies, f"{name} {GLOBAL}", [f"gcloud {proxies} create {name} {GLOBAL} \\", f"  {words}"])


def _backend(build: Build, base: str, backend: str, where: _Where) -> list[str]:
    """A serverless NEG, and the backend service that holds it."""
    place = where.place
    lines = unless(
        f"gcloud compute network-endpoint-groups describe {base}-neg {REGIONAL}",
        [
            f"gcloud compute network-endpoint-groups create {base}-neg {REGIONAL} \\",
            f"  --network-endpoint-type=serverless --cloud-run-service={quote(build.run.name)}",
        ],
    )
    led = f"gcloud compute network-endpoint-groups describe {base}-neg {REGIONAL} --format='value(cloudRun.service)'"
    lines += [
        f"leads_to=$({led})",
        f"if [[ -n $leads_to && $leads_to != {quote(build.run.name)} ]]; then",
        f'  echo "network-endpoint-group {base}-neg leads to $leads_to: it is left alone." >&2',
        "  exit 1",
        "fi",
    ]
    lines += unless_ours(
        "compute backend-services",
        f"{backend} {place}",
        [
            f"gcloud compute backend-services create {backend} {place} \\",
            f"  --load-balancing-scheme={where.scheme} --protocol=HTTPS",
        ],
    )
    held = f"gcloud compute backend-services describe {backend} {place} --format='value(backends[].group)'"
    return [
        *lines,
        f"if [[ $({held}) != */{base}-neg* ]]; then",
        f"  gcloud compute backend-services add-backend {backend} {place} \\",
        f'    --network-endpoint-group={base}-neg --network-endpoint-group-region="$REGION"',
        "fi",
    ]


def _policy(build: Build, base: str, backend: str, reached: Reached, where: _Where) -> list[str]:
    """Cloud Armor, Cloud CDN, headers and logging, as the backend on GKE has them; inside, what a region has of it."""
    policy, ranges = reached.policy, source_ranges(build.workload)
    flags, lines = list(policy.flags), []
    if where is _INTERNAL:
        flags, ranges = [f for f in flags if _OF_LOGGING.match(f)], ()
    armor = policy.armor
    if ranges and not armor:
        armor = f"{base}-callers"
        lines += _allow_list(armor, ranges)
    elif armor and where is _EXTERNAL and regional_today(build.workload):
        lines += _required(f"compute security-policies describe {quote(armor)} {GLOBAL}", "Cloud Armor policy", armor)
    flags += [flag("security-policy", armor)] if armor else []
    if policy.cdn and reached.iap == "load-balancer":
        build.account.decide("Cloud CDN and IAP exclude each other on one backend service: choose one.")
    for key in policy.signed_url_keys:
        build.account.decide(
            f"Cloud CDN signs URLs with the key {key}, whose value is not in the snapshot: add it with "
            f"gcloud compute backend-services add-signed-url-key {backend}."
        )
    if flags:
        lines += [
            "# As the backend on GKE has it.",
            f"gcloud compute backend-services update {backend} {where.place} \\",
            f"  {' '.join(flags)}",
        ]
    return lines


def _required(describe: str, what: str, name: str) -> list[str]:
    """Of a region today: nothing is opened before one of the same name is there for global use."""
    said = f"{what} {name} is of a region today: make one of its name and rules for global use, and run this again."
    return [
        f"if ! gcloud {describe} >/dev/null 2>&1; then",
        f"  echo {quote(said)} >&2",
        "  exit 1",
        "fi",
    ]


def _allow_list(policy: str, ranges: Sequence[str]) -> list[str]:
    """``loadBalancerSourceRanges`` as a Cloud Armor policy: those callers, and nobody else."""
    lines = [
        "# loadBalancerSourceRanges of the Service: those callers, and nobody else.",
        *unless_ours(
            "compute security-policies",
            f"{policy} {PROJECT}",
            [f"gcloud compute security-policies create {policy} {PROJECT}"],
        ),
        f"gcloud compute security-policies rules update 2147483647 {PROJECT} \\",
        f"  --security-policy={policy} --action=deny-403",
    ]
    some_at_a_time = [ranges[i : i + _RANGES_IN_A_RULE] for i in range(0, len(ranges), _RANGES_IN_A_RULE)]
    for number, some in enumerate(some_at_a_time, start=1):
        rule = f"{number * 1000} {PROJECT} --security-policy={policy}"
        create = f"gcloud compute security-policies rules create {rule} \\"
        lines += unless(
            f"gcloud compute security-policies rules describe {rule}",
            [create, f"  {flag('src-ip-ranges', ','.join(some))} --action=allow"],
        )
    return lines


def _certificate(name: str, domains: tuple[str, ...]) -> list[str]:
    """A managed certificate that is proven by DNS records, so that it is valid before the users' names lead here."""
    lines = ["# Certificates proven by a DNS record of its own each: they are active before the names lead here."]
    manager = "gcloud certificate-manager"
    lines += unless_ours(
        "certificate-manager maps", f"{name}-certs {PROJECT}", [f"{manager} maps create {name}-certs {PROJECT}"]
    )
    for index, domain in enumerate(domains):
        item, proven = f"{name}-{index}", domain.removeprefix("*.")
        lines += unless_ours(
            "certificate-manager dns-authorizations",
            f"{item} {PROJECT}",
            [f"{manager} dns-authorizations create {item} {PROJECT} {flag('domain', proven)}"],
        )
        lines += unless_ours(
            "certificate-manager certificates",
            f"{item} {PROJECT}",
            [
                f"{manager} certificates create {item} {PROJECT} \\",
                f"  {flag('domains', domain)} --dns-authorizations={item}",
            ],
        )
        lines += unless_ours(
            "certificate-manager maps entries",
            f"{item} --map={name}-certs {PROJECT}",
            [
                f"{manager} maps entries create {item} --map={name}-certs {PROJECT} \\",
                f"  --certificates={item} {flag('hostname', domain)}",
            ],
        )
        lines += [
            comment(f"Enter this CNAME record in the zone of {proven}:"),
            f"gcloud certificate-manager dns-authorizations describe {item} {PROJECT} \\",
            "  --format='value(dnsResourceRecord.name,dnsResourceRecord.data)'",
        ]
    return lines


def _forwarding(rule: str, address: str, target: str, port: int) -> list[str]:
    return unless_ours(
        "compute forwarding-rules",
        f"{rule} {GLOBAL}",
        [
            f"gcloud compute forwarding-rules create {rule} {GLOBAL} --load-balancing-scheme=EXTERNAL_MANAGED \\",
            f"  --address={address} {target} --ports={port}",
        ],
    )


def _redirect_map(name: str, place: str, front: FrontendPolicy, backend: str) -> list[str]:
    """Port 80 leads to port 443, as it does today."""
    return [
        "# Plain HTTP leads to HTTPS.",
        *_own_map(name, place, backend),
        f"gcloud compute url-maps import {name} {place} --quiet <<'EOF'",
        f"name: {name}",
        f"description: {MADE_BY_K2CR}",
        "defaultUrlRedirect:",
        "  httpsRedirect: true",
        f"  redirectResponseCode: {front.redirect_code}",
        "EOF",
    ]


def moved_front(build: Build, reached: Reached) -> list[str]:
    """The load balancer of all that moved, with a backend for this service and its old names."""
    context = build.context
    backend = run_backend(build.workload, context, external=False)
    lines = [*_proxy_only_subnet(build), *_backend(build, base_name(build.workload, context), backend, _INTERNAL)]
    return lines + front_lines(reached.names, backend, context)


def _proxy_only_subnet(build: Build) -> list[str]:
    home = home_of(build.context.network, build.context.subnet)
    network_is_unknown(build.context, build.account)
    build.account.placeholder(
        "PROXY_RANGE",
        "a free range, /26 or larger, for the proxy-only subnet of internal load balancers; only used where the "
        "region has none",
    )
    listed = (
        f"gcloud compute networks subnets list {home.project} --network={home.network} "
        "--filter='purpose=REGIONAL_MANAGED_PROXY AND role=ACTIVE' --regions=\"$REGION\" --format='value(name)'"
    )
    return [
        "# Internal load balancers of a region share one proxy-only subnet.",
        f"proxies=$({listed})",
        "if [[ -z $proxies ]]; then",
        f"  gcloud compute networks subnets create {home.network}-proxy-only {home.regional} \\",
        f"    --network={home.network} --range=PROXY_RANGE --purpose=REGIONAL_MANAGED_PROXY --role=ACTIVE",
        "fi",
    ]


def internal_balancer(build: Build, reached: Reached, found: UrlMap) -> list[str]:
    """A regional internal Application Load Balancer in the network of the callers, on the ports that are open today."""
    base, front, name = base_name(build.workload, build.context), reached.front, found.name
    backend = run_backend(build.workload, build.context, external=False)
    lines = [
        *_proxy_only_subnet(build),
        *_backend(build, base, backend, _INTERNAL),
        *_policy(build, base, backend, reached, _INTERNAL),
        *_to_pods(build, found, _INTERNAL),
        *_import_lines(found, REGIONAL, backend),
    ]
    ways: list[tuple[str, str, int]] = []  # (kind of proxy, proxy, port), the first one by the plain names
    if front.https:
        lines += _inside_https(build, f"{name}-iproxy", str(found.tree["name"]), reached)
        ways.append(("https", f"{name}-iproxy", 443))
    if front.http == "redirect":
        proxy = f"{name}-ihttp"
        lines += [*_redirect_map(proxy, REGIONAL, front, backend), *_inside_proxy(proxy, "http", proxy)]
        ways.append(("http", proxy, 80))
    elif front.http == "serve":
        proxy = f"{name}-iplain" if front.https else f"{name}-iproxy"
        lines += _inside_proxy(proxy, "http", str(found.tree["name"]))
        ways += [("http", proxy, port) for port in front.http_ports]
    lines += _inside_rules(build, name, ways, global_access=front.global_access or is_elsewhere(build.context))
    if reached.iap == "load-balancer":
        lines += iap_on_backend(build, backend, reached.policy, reached.service)
    return [
        *lines,
        "# The address that the callers' name is to lead to:",
        f"gcloud compute forwarding-rules describe {name}-ifr {REGIONAL} --format='value(IPAddress)'",
    ]


def _inside_proxy(name: str, kind: str, url_map: str, more: str = "") -> list[str]:
    proxies = f"compute target-{kind}-proxies"
    create = [
        f"gcloud {proxies} create {name} {REGIONAL} \\",
        f'  --url-map={url_map} --url-map-region="$REGION"' + (" \\" if more else ""),
        *([f"  {more}"] if more else []),
    ]
    return unless_ours(proxies, f"{name} {REGIONAL}", create)


def _inside_https(build: Build, name: str, url_map: str, reached: Reached) -> list[str]:
    if not reached.certificates:
        build.account.placeholder(
            "INTERNAL_CERTIFICATE", "a regional SSL certificate for the names that callers use inside"
        )
    held = ",".join(reached.certificates) or "INTERNAL_CERTIFICATE"
    words = f'{flag("ssl-certificates", held)} --ssl-certificates-region="$REGION"'
    lines = _inside_proxy(name, "https", url_map, words)
    if reached.front.ssl_policy:
        policy = f'{flag("ssl-policy", reached.front.ssl_policy)} --ssl-policy-region="$REGION"'
        lines += [f"gcloud compute target-https-proxies update {name} {REGIONAL} {policy}"]
    return lines


def _inside_rules(build: Build, name: str, ways: Sequence[tuple[str, str, int]], *, global_access: bool) -> list[str]:
    """A forwarding rule for each port; where there are several, one address for all of them."""
    network, subnet = quote(build.context.network), quote(build.context.subnet)
    everywhere, address, lines = " --allow-global-access" if global_access else "", "", []
    if len(ways) > 1:
        held = address_name(f"{name}-i", build.context)
        address = f" --address={held}"
        create = f"gcloud compute addresses create {held} {REGIONAL} --subnet={subnet}"
        lines += unless_ours("compute addresses", f"{held} {REGIONAL}", [f"{create} --purpose=SHARED_LOADBALANCER_VIP"])
    for number, (kind, proxy, port) in enumerate(ways):
        rule = f"{name}-i{port}-fr" if number else f"{name}-ifr"
        create = f"gcloud compute forwarding-rules create {rule} {REGIONAL} --load-balancing-scheme=INTERNAL_MANAGED \\"
        lines += unless_ours(
            "compute forwarding-rules",
            f"{rule} {REGIONAL}",
            [
                create,
                f"  --network={network} --subnet={subnet}{address} --ports={port}{everywhere} \\",
                f'  --target-{kind}-proxy={proxy} --target-{kind}-proxy-region="$REGION"',
            ],
        )
    return lines
