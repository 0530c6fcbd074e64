"""``preflight.sh``: looks, before anything is made, at what a move needs; it changes nothing, and says what to mend.

Source: Resource Manager API, projects.testIamPermissions; Cloud Run, "Direct VPC egress" (subnet sizes), "Restrict
network ingress" (Private Google Access); Organization Policy constraints of Cloud Run and IAM.
"""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.platforms.images import parse_image
from k2cr_analysis.rendering.migration.prepare import needed_apis
from k2cr_analysis.rendering.network.egress.vpc_access import subnet_prefix
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service import RunService
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, script
from k2cr_analysis.rendering.text.shell import quote

_HEAD = r"""mend=0
# ok WHAT; bad WHAT DO: one line each, and what mends it.
ok() { echo "ok    $1"; }
bad() { echo "MEND  $1: $2"; mend=1; }
unknown() { echo "?     $1: $2"; }"""
_RIGHTS = r"""if token=$(gcloud auth print-access-token 2>/dev/null) && command -v curl >/dev/null; then
  url="https://cloudresourcemanager.googleapis.com/v1/projects/$PROJECT:testIamPermissions"
  held=$(curl -sS --max-time 20 -X POST -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d "{\"permissions\": [$(printf '"%s",' "${permissions[@]}" | sed 's/,$//')]}" "$url" 2>/dev/null || true)
  for permission in "${permissions[@]}"; do
    if [[ $held == *"\"$permission\""* ]]; then ok "right $permission"
    elif [[ $held == *permissions* || $held == '{}' ]]; then bad "right $permission" "ask for a role that holds it"
    else unknown "right $permission" "the Resource Manager API did not answer"; fi
  done
else
  unknown "rights" "gcloud auth login first; curl is needed to ask for them"
fi"""
_PERMISSIONS = {
    "run": ("run.services.create", "run.services.setIamPolicy"),
    "iam": ("iam.serviceAccounts.create", "iam.serviceAccounts.actAs"),
    "secretmanager": ("secretmanager.secrets.create", "secretmanager.versions.add"),
    "artifactregistry": ("artifactregistry.repositories.create",),
    "compute": ("compute.networks.get", "compute.subnetworks.use"),
    "certificatemanager": ("certificatemanager.certs.create",),
    "cloudscheduler": ("cloudscheduler.jobs.create",),
    "dns": ("dns.changes.create",),
}
_BALANCER = ("compute.backendServices.create", "compute.urlMaps.create", "compute.globalForwardingRules.create")
# Constraint -> what it may forbid here.
_POLICIES = {
    "iam.allowedPolicyMemberDomains": "members from outside, or one for everybody, may be refused",
    "run.allowedIngress": "the ingress setting may be refused",
    "run.allowedVPCEgress": "the egress setting may be refused",
    "iam.disableServiceAccountCreation": "prepare.sh may not make the service account",
}


@printer
def preflight_script(build: Build) -> str:
    """Rights, APIs, organisation policies, network, quotas, images, DNS: a line each."""
    head = [
        f"What the move of {build.workload.id} needs, looked at and not changed. Written by k2cr. Ends with 1 where",
        "something is to be mended, and says how.",
    ]
    body = [*_HEAD.splitlines(), "", *_apis(build), "", *_rights(build), "", *_policies(), *_network(build)]
    body += [*_quotas(build), *_images(build), *_dns(build), "", "exit $mend"]
    return script(head, build.context, body)


def _apis(build: Build) -> Iterator[str]:
    yield f"enabled=$(gcloud services list --enabled {PROJECT} --format='value(config.name)' || true)"
    yield f"for api in {' '.join(needed_apis(build))}; do"
    yield '  if grep -qx "$api" <<<"$enabled"; then ok "API $api"; else bad "API $api" "./prepare.sh enables it"; fi'
    yield "done"


def _rights(build: Build) -> Iterator[str]:
    names = [api.partition(".")[0] for api in needed_apis(build)]
    wanted = [p for name in names for p in _PERMISSIONS.get(name, ())]
    wanted += _BALANCER if build.reached is not None and build.reached.balancer is not None else ()
    yield f"permissions=({' '.join(wanted)})"
    yield from _RIGHTS.splitlines()


def _policies() -> Iterator[str]:
    for name, why in _POLICIES.items():
        yield f"rule=$(gcloud org-policies describe {name} --effective {PROJECT} --format='value(spec.rules)' || true)"
        yield (
            f'if [[ $rule == *alues* || $rule == *enforce*rue* ]]; then unknown "policy {name}" "{why}: $rule"; '
            f'else ok "policy {name}"; fi'
        )


def _network(build: Build) -> Iterator[str]:
    egress, run = build.run.template.egress, build.run
    if egress is None:
        return
    most = run.max_instances if isinstance(run, RunService) else 1
    prefix, subnet = subnet_prefix(most), quote(egress.subnet.rpartition("/")[2])
    yield ""
    yield f"subnet=$(gcloud compute networks subnets describe {subnet} {PROJECT} {REGION} \\"
    yield "  --format='value(ipCidrRange,privateIpGoogleAccess)' 2>/dev/null || true)"
    yield 'read -r range access <<<"$subnet"'
    yield f'if [[ -z $subnet ]]; then unknown {quote(f"subnet {egress.subnet}")} "./network.sh out makes it"'
    yield f"elif ((${{range##*/}} > {prefix})); then"
    yield f'  bad "subnet $range" "{most} instances want a /{prefix} or larger: take another, or fewer instances"'
    yield 'else ok "subnet $range"; fi'
    yield "if [[ -n $subnet && $access != True ]]; then"
    update = f"gcloud compute networks subnets update {subnet} --enable-private-ip-google-access"
    yield f"  bad 'Private Google Access' {quote(update)}"
    yield "fi"


def _quotas(build: Build) -> Iterator[str]:
    if build.reached is None or build.reached.balancer is None:
        return
    yield ""
    yield "for metric in BACKEND_SERVICES URL_MAPS FORWARDING_RULES; do"
    yield f"  quota=$(gcloud compute project-info describe {PROJECT} --flatten='quotas[]' \\"
    yield "    --format='csv[no-heading](quotas.metric,quotas.usage,quotas.limit)' | grep \"^$metric,\" || true)"
    yield '  IFS=, read -r _ usage limit <<<"$quota"'
    yield '  if [[ -z $quota ]]; then unknown "quota $metric" "it could not be read"'
    yield '  elif ((${usage%.*} >= ${limit%.*})); then bad "quota $metric" "$usage of $limit are in use: ask for more"'
    yield '  else ok "quota $metric"; fi'
    yield "done"


def _images(build: Build) -> Iterator[str]:
    images = sorted({c.image for c in build.run.template.containers})
    for image in images:
        if not parse_image(image).registry.endswith("-docker.pkg.dev"):
            continue
        yield f"if gcloud artifacts docker images describe {quote(image)} {PROJECT} >/dev/null 2>&1; then"
        yield f"  ok {quote(f'image {image}')}"
        yield f'else bad {quote(f"image {image}")} "not there, or not readable: roles/artifactregistry.reader"; fi'


def _dns(build: Build) -> Iterator[str]:
    for domain in build.reached.domains if build.reached is not None else ():
        zone = ".".join(domain.split(".")[-2:])
        yield f"zones=$(gcloud dns managed-zones list {PROJECT} --format='value(dnsName)' 2>/dev/null || true)"
        yield (
            f'if grep -q {quote(f"{zone}.")} <<<"$zones"; then ok {quote(f"DNS zone of {domain}")}; '
            f'else unknown {quote(f"DNS zone of {domain}")} "not in this project: have its records at hand"; fi'
        )
