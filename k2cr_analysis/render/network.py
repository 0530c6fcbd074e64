"""``network.sh``: the way out (subnet, firewall, names of what stays) and the way in (load balancer, IAP, callers)."""

from __future__ import annotations

import re

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.workload import Route
from k2cr_analysis.render.account import Account
from k2cr_analysis.render.build import Build
from k2cr_analysis.render.egress import Callee, subnet_prefix
from k2cr_analysis.render.exposure import Reached
from k2cr_analysis.render.identity import build_identity
from k2cr_analysis.render.internal_lb import internal_name
from k2cr_analysis.render.names import SERVICE_NAME_LIMIT, cut, dns_label
from k2cr_analysis.render.scripts import PROJECT, REGION, comment, script, unless
from k2cr_analysis.render.service import Egress, RunService, RunWorkerPool
from k2cr_analysis.render.shell import flag, gcloud_list, quote

DNS_ZONE = "k2cr-svc-cluster-local"
DNS_SUFFIX = "svc.cluster.local."
PRIVATE_RANGES = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"  # RFC 1918
IAP_MEMBER = "IAP_MEMBER"
_GLOBAL = f"{PROJECT} --global"


def network_script(build: Build) -> str | None:
    """None where the workload needs nothing of the network. Placeholders that it uses enter the account."""
    parts: dict[str, list[str]] = {}
    if build.run.template.egress:
        parts["out"] = _way_out(build, build.run.template.egress)
    if build.reached:
        parts["in"] = _way_in(build, build.reached)
    parts = {name: lines for name, lines in parts.items() if any(not line.startswith("#") for line in lines)}
    if not parts:
        return None
    head = [f"The network of {build.run.name} ({build.workload.id}). Written by k2cr. Safe to run twice."]
    if "out" in parts:
        head.append(
            "./network.sh out, before deploy.sh: what the program calls must be within its reach when it starts."
        )
    if "in" in parts:
        head.append("./network.sh in, after deploy.sh: load balancer and bindings refer to the service.")
    if build.callees:
        head.append("kubectl must point at the cluster.")
    body = [line for name, lines in parts.items() for line in [f"way_{name}() {{", *_indented(lines), "}", ""]]
    cases = [f"  {name}) way_{name} ;;" for name in parts]
    body += ['case "${1:-all}" in', *cases, f"  all) {'; '.join(f'way_{name}' for name in parts)} ;;"]
    body += [f'  *) echo "usage: $0 [{"|".join([*parts, "all"])}]" >&2; exit 2 ;;', "esac"]
    return script(head, build.context, body)


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" if line else line for line in lines]


def _way_out(build: Build, egress: Egress) -> list[str]:
    largest = (
        build.run.max_instances
        if isinstance(build.run, RunService)
        else build.run.instances
        if isinstance(build.run, RunWorkerPool)
        else build.run.parallelism
    )
    prefix = subnet_prefix(largest)
    subnet, network = quote(egress.subnet), quote(egress.network)
    build.account.placeholder(
        "SUBNET_RANGE",
        f"a free range for the subnet of Direct VPC egress, /{prefix} or larger; only used where the subnet "
        "is not there",
    )
    create = [
        f"gcloud compute networks subnets create {subnet} {PROJECT} {REGION} \\",
        f"  --network={network} --range=SUBNET_RANGE --enable-private-ip-google-access",
    ]
    lines = [
        "# Direct VPC egress.",
        comment(
            f"{largest} instances take up to {largest * 4} addresses while a rollout runs both revisions: a "
            f"/{prefix} or larger."
        ),
    ]
    lines += unless(f"gcloud compute networks subnets describe {subnet} {PROJECT} {REGION}", create)
    ports = sorted({p for c in build.callees for p in c.ports})
    if egress.tags and ports:
        rule = quote(f"{egress.tags[0]}-egress")
        allow = [
            f"gcloud compute firewall-rules create {rule} {PROJECT} --network={network} \\",
            f"  --direction=EGRESS --action=ALLOW --rules={','.join(f'tcp:{p}' for p in ports)} \\",
            f"  {flag('target-tags', gcloud_list(egress.tags))} --destination-ranges={PRIVATE_RANGES}",
        ]
        lines += [
            "# Instances have no address of their own: the rule goes by network tag.",
            *unless(f"gcloud compute firewall-rules describe {rule} {PROJECT}", allow),
        ]
    if build.callees:
        lines += ["", *_names(build.callees, network)]
    return lines


def _names(called: tuple[Callee, ...], network: str) -> list[str]:
    """What stays gets an internal load balancer, and its address a name that the network resolves."""
    zone = [
        f"gcloud dns managed-zones create {DNS_ZONE} {PROJECT} --visibility=private --networks={network} \\",
        f"  --dns-name={DNS_SUFFIX} --description='Services of the cluster, for callers outside it'",
    ]
    lines = ["# What stays in the cluster: an internal load balancer each, under the full name of its Service."]
    lines += [
        'kubectl apply -f "$(dirname "${BASH_SOURCE[0]}")/gke-internal-lb.yaml"',
        *unless(f"gcloud dns managed-zones describe {DNS_ZONE} {PROJECT}", zone),
    ]
    lines += [
        "# name_service NAMESPACE SERVICE BALANCER: waits for the balancer's address and enters it in the zone.",
        "name_service() {",
        '  local host="$2.$1.svc.cluster.local." address verb=create',
        "  kubectl wait --for=jsonpath='{.status.loadBalancer.ingress[0].ip}' \"service/$3\" "
        '--namespace="$1" --timeout=600s',
        '  address=$(kubectl get service "$3" --namespace="$1" -o jsonpath=\'{.status.loadBalancer.ingress[0].ip}\')',
        f'  if gcloud dns record-sets describe "$host" --type=A --zone={DNS_ZONE} {PROJECT} >/dev/null '
        "2>&1; then verb=update; fi",
        f'  gcloud dns record-sets "$verb" "$host" --type=A --ttl=60 --rrdatas="$address" --zone={DNS_ZONE} {PROJECT}',
        "}",
    ]
    for callee in called:
        service = callee.service
        until = "it stays" if callee.stays else f"until {callee.workload} has moved too"
        lines += [
            comment(f"{callee.evidence} ({until})"),
            f"name_service {quote(service.namespace)} {quote(service.name)} {quote(internal_name(service.name))}",
        ]
    return lines


def _way_in(build: Build, reached: Reached) -> list[str]:
    lines = [comment(f"{reached.why}.")]
    if reached.reach == "iap-direct":
        return lines + _iap_direct(build)
    if reached.reach == "external-load-balancer":
        return lines + _external(build, reached)
    if reached.reach == "internal-load-balancer":
        return lines + _internal(build) + _callers(build)
    lines.append(
        "# Pods reach an internal service through Private Google Access of their subnet, and send an ID token."
    )
    return lines + _callers(build)


def _external(build: Build, reached: Reached) -> list[str]:
    name = _base(build)
    backend = f"{name}-be"
    lines = _neg(build, f"{name}-neg")
    lines += unless(
        f"gcloud compute backend-services describe {backend} {_GLOBAL}",
        [
            f"gcloud compute backend-services create {backend} {_GLOBAL} "
            "--load-balancing-scheme=EXTERNAL_MANAGED --protocol=HTTPS",
            f"gcloud compute backend-services add-backend {backend} {_GLOBAL} \\",
            f'  --network-endpoint-group={name}-neg --network-endpoint-group-region="$REGION"',
        ],
    )
    if reached.armor_policy:
        lines += [
            f"gcloud compute backend-services update {backend} {_GLOBAL} "
            f"{flag('security-policy', reached.armor_policy)}"
        ]
    lines += _url_map(build, reached, name, backend)
    lines += _certificate(name, reached.domains)
    lines += unless(
        f"gcloud compute target-https-proxies describe {name}-proxy {_GLOBAL}",
        [
            f"gcloud compute target-https-proxies create {name}-proxy {_GLOBAL} \\",
            f"  --url-map={name}-map --certificate-map={name}-certs",
        ],
    )
    lines += unless(
        f"gcloud compute addresses describe {name}-ip {_GLOBAL}",
        [f"gcloud compute addresses create {name}-ip {_GLOBAL} --network-tier=PREMIUM"],
    )
    lines += unless(
        f"gcloud compute forwarding-rules describe {name}-fr {_GLOBAL}",
        [
            f"gcloud compute forwarding-rules create {name}-fr {_GLOBAL} --load-balancing-scheme=EXTERNAL_MANAGED \\",
            f"  --address={name}-ip --target-https-proxy={name}-proxy --ports=443",
        ],
    )
    return lines + (_iap_on_backend(build, backend) if reached.iap == "load-balancer" else _open(build))


def _certificate(name: str, domains: tuple[str, ...]) -> list[str]:
    """A managed certificate that is proven by DNS records, so that it is valid before the users' names lead here."""
    lines = ["# Certificates proven by a DNS record of its own each: they are active before the names lead here."]
    certs = f"gcloud certificate-manager maps describe {name}-certs {PROJECT}"
    lines += unless(certs, [f"gcloud certificate-manager maps create {name}-certs {PROJECT}"])
    for index, domain in enumerate(domains):
        item = f"{name}-{index}"
        lines += unless(
            f"gcloud certificate-manager dns-authorizations describe {item} {PROJECT}",
            [f"gcloud certificate-manager dns-authorizations create {item} {PROJECT} {flag('domain', domain)}"],
        )
        lines += unless(
            f"gcloud certificate-manager certificates describe {item} {PROJECT}",
            [
                f"gcloud certificate-manager certificates create {item} {PROJECT} \\",
                f"  {flag('domains', domain)} --dns-authorizations={item}",
            ],
        )
        lines += unless(
            f"gcloud certificate-manager maps entries describe {item} --map={name}-certs {PROJECT}",
            [
                f"gcloud certificate-manager maps entries create {item} --map={name}-certs {PROJECT} \\",
                f"  --certificates={item} {flag('hostname', domain)}",
            ],
        )
        lines += [
            comment(f"Enter this CNAME record in the zone of {domain}:"),
            f"gcloud certificate-manager dns-authorizations describe {item} {PROJECT} \\",
            "  --format='value(dnsResourceRecord.name,dnsResourceRecord.data)'",
        ]
    return lines


def _neg(build: Build, neg: str) -> list[str]:
    return unless(
        f"gcloud compute network-endpoint-groups describe {neg} {PROJECT} {REGION}",
        [
            f"gcloud compute network-endpoint-groups create {neg} {PROJECT} {REGION} \\",
            f"  --network-endpoint-type=serverless --cloud-run-service={quote(build.run.name)}",
        ],
    )


def _url_map(build: Build, reached: Reached, name: str, backend: str) -> list[str]:
    """Hosts and paths of the routes; paths of the same host that lead elsewhere keep their backend on GKE."""
    create = [f"gcloud compute url-maps create {name}-map {_GLOBAL} --default-service={backend}"]
    for index, host in enumerate(dict.fromkeys(r.host for r in reached.routes if r.host)):
        mine = [r for r in reached.routes if r.host == host]
        others = _others(build, host)
        rules = {p: backend for r in mine for p in url_paths(r.http_path)}
        rules |= {p: _gke_backend(build, r) for r in others for p in url_paths(r.http_path)}
        default = rules.pop("/*", backend if not others else _gke_backend(build, others[0]))
        rules = {path: target for path, target in rules.items() if target != default or path != "/*"}
        words = [
            f"gcloud compute url-maps add-path-matcher {name}-map {_GLOBAL} --path-matcher-name=host-{index} \\",
            f"  --default-service={default} {flag('new-hosts', host)}",
        ]
        if rules:
            words[-1] += " \\"
            words.append(
                f"  {flag('backend-service-path-rules', gcloud_list([f'{p}={t}' for p, t in sorted(rules.items())]))}"
            )
        create += words
    return unless(f"gcloud compute url-maps describe {name}-map {_GLOBAL}", create)


def url_paths(path: str | None) -> tuple[str, ...]:
    """A prefix as a URL map writes it: ``/api`` is ``/api`` and ``/api/*``; the whole host is ``/*``."""
    bare = re.sub(r"\(.*|\*+$|\$.*", "", path or "/").rstrip("/")
    return (bare, f"{bare}/*") if bare else ("/*",)


def _others(build: Build, host: str) -> list[Route]:
    found = []
    for other in build.context.assessed.values():
        if other.id != build.workload.id:
            found += [r for e in other.workload.exposures for r in e.routes if r.host == host and r.external]
    return found


def _gke_backend(build: Build, route: Route) -> str:
    literal = f"GKE_BACKEND_{re.sub(r'[^A-Z0-9]', '_', route.service.upper())}"
    build.account.placeholder(
        literal, f"the backend service that GKE made for Service {route.service}: gcloud compute backend-services list"
    )
    return literal


def _iap_on_backend(build: Build, backend: str) -> list[str]:
    number = _number(build)
    lines = [
        "# IAP on the load balancer. The audience that the program must expect in the signed header is then",
        comment(f"/projects/{number}/global/backendServices/ID, with ID from the last command."),
        f"gcloud compute backend-services update {backend} {_GLOBAL} --iap=enabled",
        *_iap_agent(build, number),
        f"gcloud iap web add-iam-policy-binding {PROJECT} --resource-type=backend-services --service={backend} \\",
        f"  --member={_iap_member(build)} --role=roles/iap.httpsResourceAccessor",
        f"gcloud compute backend-services describe {backend} {_GLOBAL} --format='value(id)'",
    ]
    return ["", *lines]


def _iap_direct(build: Build) -> list[str]:
    number = _number(build)
    service = quote(build.run.name)
    return [
        "# IAP on the service itself; never together with IAP on a load balancer. The audience in the "
        "signed header is then",
        comment(f"/projects/{number}/locations/{build.context.region_literal}/services/{build.run.name}."),
        *_iap_agent(build, number),
        f"gcloud beta iap web add-iam-policy-binding {PROJECT} {REGION} --resource-type=cloud-run "
        f"--service={service} \\",
        f"  --member={_iap_member(build)} --role=roles/iap.httpsResourceAccessor",
    ]


def _iap_agent(build: Build, number: str) -> list[str]:
    return [
        f"gcloud beta services identity create {PROJECT} --service=iap.googleapis.com",
        f"gcloud run services add-iam-policy-binding {quote(build.run.name)} {PROJECT} {REGION} \\",
        f"  --member=serviceAccount:service-{number}@gcp-sa-iap.iam.gserviceaccount.com --role=roles/run.invoker",
    ]


def _number(build: Build) -> str:
    if build.context.project_number is None:
        build.account.placeholder(
            build.context.project_number_literal, "the project's number: gcloud projects describe"
        )
    return build.context.project_number_literal


def _iap_member(build: Build) -> str:
    build.account.placeholder(IAP_MEMBER, "who may come in, such as group:team@example.com")
    return IAP_MEMBER


def _open(build: Build) -> list[str]:
    return [
        "",
        "# Requests of users carry no Google identity, so the invoker check must let everybody through; "
        "the ingress setting",
        "# keeps them on the load balancer.",
        f"gcloud run services add-iam-policy-binding {quote(build.run.name)} {PROJECT} {REGION} \\",
        "  --member=allUsers --role=roles/run.invoker",
    ]


def _internal(build: Build) -> list[str]:
    name = _base(build)
    network, subnet = quote(build.context.network), quote(build.context.subnet)
    build.account.placeholder(
        "PROXY_RANGE",
        "a free range, /26 or larger, for the proxy-only subnet of internal load balancers; only used "
        "where the region has none",
    )
    lines = unless(
        f"gcloud compute networks subnets describe {network}-proxy-only {PROJECT} {REGION}",
        [
            f"gcloud compute networks subnets create {network}-proxy-only {PROJECT} {REGION} --network={network} \\",
            "  --range=PROXY_RANGE --purpose=REGIONAL_MANAGED_PROXY --role=ACTIVE",
        ],
    )
    lines += _neg(build, f"{name}-neg")
    lines += unless(
        f"gcloud compute backend-services describe {name}-ibe {PROJECT} {REGION}",
        [
            f"gcloud compute backend-services create {name}-ibe {PROJECT} {REGION} "
            "--load-balancing-scheme=INTERNAL_MANAGED --protocol=HTTPS",
            f"gcloud compute backend-services add-backend {name}-ibe {PROJECT} {REGION} \\",
            f'  --network-endpoint-group={name}-neg --network-endpoint-group-region="$REGION"',
        ],
    )
    lines += unless(
        f"gcloud compute url-maps describe {name}-imap {PROJECT} {REGION}",
        [f"gcloud compute url-maps create {name}-imap {PROJECT} {REGION} --default-service={name}-ibe"],
    )
    lines += unless(
        f"gcloud compute target-http-proxies describe {name}-iproxy {PROJECT} {REGION}",
        [
            f"gcloud compute target-http-proxies create {name}-iproxy {PROJECT} {REGION} "
            f'--url-map={name}-imap --url-map-region="$REGION"'
        ],
    )
    return lines + unless(
        f"gcloud compute forwarding-rules describe {name}-ifr {PROJECT} {REGION}",
        [
            f"gcloud compute forwarding-rules create {name}-ifr {PROJECT} {REGION} "
            "--load-balancing-scheme=INTERNAL_MANAGED \\",
            f"  --network={network} --subnet={subnet} --ports=80 \\",
            f'  --target-http-proxy={name}-iproxy --target-http-proxy-region="$REGION"',
        ],
    )


def _callers(build: Build) -> list[str]:
    """The workloads that call this one may invoke it; each by the identity that it has."""
    members = {}
    for other in build.context.assessed.values():
        if other.id != build.workload.id and any(d.target == build.workload.id for d in other.fit.dependencies):
            members[other.id] = _member(other, build)
    lines = []
    for caller, member in sorted(members.items()):
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


def _base(build: Build) -> str:
    """The base of Compute Engine names: 63 characters with the longest suffix."""
    return cut(dns_label(build.run.name), SERVICE_NAME_LIMIT, build.workload.id)
