"""``preflight.sh``: looks, before anything is made, at what a move needs; it changes nothing, and says what to mend.

What cannot be read is unknown, never fine. Source: Resource Manager API, projects.testIamPermissions; Cloud Run,
"Direct VPC egress" (addresses of a subnet), "Restrict network ingress" (Private Google Access).
"""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.model.own_labels import NAMESPACE_LABEL, WORKLOAD_LABEL
from k2cr_analysis.openapi.quantity import parse_quantity
from k2cr_analysis.platforms import organization_policies as policies
from k2cr_analysis.platforms.cloud_run.limits import CPU_QUOTA, MEMORY_QUOTA, QUOTA_NAMES
from k2cr_analysis.platforms.images import parse_image
from k2cr_analysis.rendering.migration.clean_up import kubectl_kind
from k2cr_analysis.rendering.migration.other_projects import agent_of, needed_elsewhere
from k2cr_analysis.rendering.migration.prepare import needed_apis
from k2cr_analysis.rendering.network.egress.vpc_access import subnet_prefix
from k2cr_analysis.rendering.network.home import home_of
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.service import RunJob, RunService, RunWorkerPool
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, script
from k2cr_analysis.rendering.text.shell import flag, quote

_HEAD = r"""mend=0
# ok WHAT; bad WHAT DO; unknown WHAT WHY: one line each, and what mends it.
ok() { echo "ok    $1"; }
bad() { echo "MEND  $1: $2"; mend=1; }
unknown() { echo "?     $1: $2"; }"""
_ALLOWS = r"""# allows CONSTRAINT VALUE [DO]: whether the organisation's list lets it be.
allows() {
  local said allowed denied word="(^|[^a-zA-Z_-])$2([^a-zA-Z_-]|\$)"
  if ! said=$(gcloud org-policies describe "$1" --effective --project="$PROJECT" \
    --format='value(spec.rules[].values.allowedValues,spec.rules[].values.deniedValues)' 2>/dev/null); then
    unknown "policy $1" "it cannot be read (roles/orgpolicy.policyViewer): ask whether $2 is allowed"
    return
  fi
  allowed=${said%%$'\t'*} denied=${said#*$'\t'}
  if [[ -n $allowed && ! $allowed =~ $word ]]; then
    bad "policy $1" "allows $allowed, and not $2: ${3:-ask for an exception of this project}"
  elif [[ $said == *$'\t'* && $denied =~ $word ]]; then
    bad "policy $1" "denies $2: ${3:-ask for an exception of this project}"
  else ok "policy $1 allows $2"; fi
}"""
_ENFORCED = r"""# enforced CONSTRAINT DO: whether the organisation forbids it.
enforced() {
  local said
  if ! said=$(gcloud org-policies describe "$1" --effective --project="$PROJECT" \
    --format='value(spec.rules[].enforce)' 2>/dev/null); then
    unknown "policy $1" "it cannot be read (roles/orgpolicy.policyViewer). If it is on: $2"
  elif [[ $said == *[Tt]rue* ]]; then bad "policy $1" "$2"
  elif [[ -z ${said//False/} ]]; then ok "policy $1 is off"
  else unknown "policy $1" "what gcloud says of it is not understood. If it is on: $2"; fi
}"""
_RIGHTS = r"""if token=$(gcloud auth print-access-token 2>/dev/null) && command -v curl >/dev/null; then
  url="https://cloudresourcemanager.googleapis.com/v1/projects/$PROJECT:testIamPermissions"
  held=$(curl -sS --max-time 20 -X POST --config - -H 'Content-Type: application/json' \
    -d "{\"permissions\": [$(printf '"%s",' "${permissions[@]}" | sed 's/,$//')]}" "$url" 2>/dev/null \
    <<<"header = \"Authorization: Bearer $token\"" || true)
  for permission in "${permissions[@]}"; do
    if [[ $held == *"\"$permission\""* ]]; then ok "right $permission"
    elif [[ $held == *'"permissions"'* || $held == '{}'* ]]; then bad "right $permission" "ask for a role that holds it"
    else unknown "right $permission" "the Resource Manager API did not answer"; fi
  done
else
  unknown "rights ${permissions[*]}" "gcloud auth login first; curl is needed to ask for them"
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
    "iap": ("iap.webServices.setIamPolicy",),
}
_EXTERNAL = ("compute.backendServices.create", "compute.urlMaps.create", "compute.globalForwardingRules.create")
_INTERNAL = ("compute.regionBackendServices.create", "compute.regionUrlMaps.create", "compute.forwardingRules.create")
_FREE = r"""# free SUBNET PREFIX NEEDED PLACE...: addresses of a range that nobody holds. What Cloud Run holds already
# is listed among the addresses, block by block.
free() {
  local subnet=$1 prefix=$2 needed=$3 held taken=4 length
  shift 3
  if ! held=$(gcloud compute addresses list "$@" --filter="subnetwork~/$subnet\$" --format='value(prefixLength)' &&
    gcloud compute instances list "${@:1:1}" --filter="networkInterfaces.subnetwork~/$subnet\$" \
      --format='value(zone.basename())'); then
    unknown "free addresses of $subnet" "they cannot be listed"
    return
  fi
  while read -r length; do
    if [[ $length =~ ^(2[0-9]|3[01])$ ]]; then taken=$((taken + (1 << (32 - length)))); else taken=$((taken + 1)); fi
  done <<<"$held"
  if (((1 << (32 - prefix)) - taken < needed)); then
    bad "free addresses of $subnet" "$needed are wanted, $taken of a /$prefix are taken: take a larger one"
  else ok "free addresses of $subnet for $needed"; fi
}"""
_QUOTA = r"""# quota METRIC: whether there is room for one more in what was read as $quotas.
quota() {
  local usage limit
  IFS=, read -r _ usage limit <<<"$(grep "^$1," <<<"$quotas" || true)"
  if [[ ! $usage =~ ^[0-9.]+$ || ! $limit =~ ^[0-9.]+$ ]]; then unknown "quota $1" "it could not be read"
  elif ((${usage%%.*} >= ${limit%%.*})); then bad "quota $1" "$usage of $limit are in use: ask for more"
  else ok "quota $1"; fi
}"""

# What is in use is not read: the API refuses by what all services could have at most.
_CAPACITY = r"""# capacity QUOTA NEEDED NAME: whether one may have that much in the region. NAME is the console's.
capacity() {
  local said allowed
  said=$(gcloud beta quotas info describe "$1" --service=run.googleapis.com --project="$PROJECT" \
    --flatten='dimensionsInfos[]' \
    --format='csv[no-heading](dimensionsInfos.dimensions.region,dimensionsInfos.details.value)' 2>/dev/null || true)
  allowed=$(sed -n "s/^$REGION,//p" <<<"$said" | head -n 1)
  if [[ -z $allowed ]]; then allowed=$(sed -n 's/^,//p' <<<"$said" | head -n 1); fi
  if [[ ! $allowed =~ ^[0-9]{1,18}$ ]]; then
    unknown "quota $1" "it cannot be read (API cloudquotas.googleapis.com): $2 are wanted of IAM & Admin > Quotas, '$3'"
  elif (($2 > allowed)); then
    bad "quota $1" "$2 are wanted, $allowed are allowed: fewer max instances, or ask for more of '$3'"
  else ok "quota $1: $2 of $allowed, beside what other services have"; fi
}"""


@printer
def preflight_script(build: Build) -> str:
    """Rights, APIs, organisation policies, network, quotas, images, DNS: a line each."""
    head = [
        f"What the move of {build.workload.id} needs, looked at and not changed. Written by k2cr. Ends with 1 where",
        "something is to be mended, and says how.",
    ]
    body = [*_HEAD.splitlines(), "", *_apis(build), "", *_rights(build), "", *_name_is_free(build), ""]
    body += [
        *_policies(build),
        *_network(build),
        *_capacity(build),
        *_quotas(build),
        *_images(build),
        *_elsewhere(build),
    ]
    body += [*_dns(build), *_cluster(build), "", "exit $mend"]
    return script(head, build.context, body)


def _apis(build: Build) -> Iterator[str]:
    yield f"if ! enabled=$(gcloud services list --enabled {PROJECT} --format='value(config.name)'); then"
    yield '  unknown "APIs" "they cannot be listed; ./prepare.sh enables what is needed"'
    yield f"else for api in {' '.join(needed_apis(build))}; do"
    yield '  if grep -qx "$api" <<<"$enabled"; then ok "API $api"; else bad "API $api" "./prepare.sh enables it"; fi'
    yield "done; fi"


def _rights(build: Build) -> Iterator[str]:
    names = [api.partition(".")[0] for api in needed_apis(build)]
    wanted = ["serviceusage.services.enable", *(p for name in names for p in _PERMISSIONS.get(name, ()))]
    if build.reached is not None and (build.reached.balancer is not None or build.reached.names):
        external = build.reached.reach == "external-load-balancer"
        wanted += [*(_EXTERNAL if external else ()), *(_INTERNAL if build.reached.names or not external else ())]
    yield f"permissions=({' '.join(wanted)})"
    yield from _RIGHTS.splitlines()


def _name_is_free(build: Build) -> Iterator[str]:
    """A service of that name, if it is there, is this workload's own."""
    groups = {RunService: "services", RunJob: "jobs", RunWorkerPool: "worker-pools"}
    kind, labels = groups[type(build.run)], build.run.labels
    own = f"{labels.get(NAMESPACE_LABEL)}/{labels.get(WORKLOAD_LABEL)}"
    shown = f"value[separator=/](metadata.labels.{NAMESPACE_LABEL},metadata.labels.{WORKLOAD_LABEL})"
    beta = "beta " if kind == "worker-pools" else ""
    describe = f"gcloud {beta}run {kind} describe {quote(build.run.name)} {PROJECT} {REGION} {flag('format', shown)}"
    name = quote(f"name {build.run.name}")
    yield f"if whose=$({describe} 2>/dev/null) && [[ -n $whose && $whose != {quote(own)} ]]; then"
    yield f'  bad {name} "it is taken, and not by this workload: [policy] naming in k2cr.toml gives another"'
    yield f"else ok {name}; fi"


def _policies(build: Build) -> Iterator[str]:
    found = list(_policy_calls(build))
    for word, function in (("allows ", _ALLOWS), ("enforced ", _ENFORCED)):
        if any(call.startswith(word) for call in found):
            yield from function.splitlines()
    yield from found


def _policy_calls(build: Build) -> Iterator[str]:
    run, reached, egress = build.run, build.reached, build.run.template.egress
    if isinstance(run, RunService) and reached is not None:
        yield f"allows {policies.ALLOWED_INGRESS} {reached.ingress}"
        if reached.balancer is not None or reached.names:
            external = reached.reach == "external-load-balancer"
            if external:
                yield f"allows {policies.ALLOWED_LOAD_BALANCERS} {policies.EXTERNAL_LOAD_BALANCER}"
            if reached.names or not external:
                yield f"allows {policies.ALLOWED_LOAD_BALANCERS} {policies.INTERNAL_LOAD_BALANCER}"
        if reached.access.invoker_off:
            said = "the invoker check cannot be off: decide invoker = token in k2cr.toml, or ask for an exception"
            yield f"enforced {policies.INVOKER_CHECK_REQUIRED} {quote(said)}"
        if reached.access.open_why:
            said = "turn the invoker check off instead (the other command of that step in cutover.md)"
            yield f"allows {policies.ALLOWED_MEMBERS} allUsers {quote(said)}"
    if egress is not None:
        yield f"allows {policies.ALLOWED_EGRESS} {egress.ranges}"
    if build.identity.to_create:
        said = f"prepare.sh may not make {build.identity.to_create}: ask its owner for an account"
        yield f"enforced {policies.NO_NEW_ACCOUNTS} {quote(said)}"
    if any(n.on == "iam service-accounts" for n in needed_elsewhere(build)):
        said = "an account of another project cannot be used: take one of this project"
        yield f"enforced {policies.NO_FOREIGN_ACCOUNTS} {quote(said)}"


def _network(build: Build) -> Iterator[str]:
    egress, run = build.run.template.egress, build.run
    if egress is None:
        return
    most = run.max_instances if isinstance(run, RunService) else 1
    prefix, home = subnet_prefix(most), home_of(egress.network, egress.subnet)
    what, update = quote(f"subnet {home.subnet_name}"), f"gcloud compute networks subnets update {home.subnet}"
    mend = quote(f"{update} {home.regional} --enable-private-ip-google-access")
    all_traffic = egress.ranges == "all-traffic"
    yield from ("", *_FREE.splitlines())
    yield f"subnet=$(gcloud compute networks subnets describe {home.subnet} {home.regional} \\"
    yield "  --format='value(ipCidrRange,privateIpGoogleAccess)' 2>/dev/null || true)"
    yield "if [[ -z $subnet ]]; then"
    yield f'  unknown {what} "./network.sh out makes it, if it is not there"'
    yield "elif [[ ! $subnet =~ ^[0-9.]+/([0-9]+)[[:space:]]*(.*)$ ]]; then"
    yield f'  unknown {what} "what gcloud says of it is not understood: $subnet"'
    yield "else"
    yield "  range=${BASH_REMATCH[1]} access=${BASH_REMATCH[2]}"
    yield f"  if ((range > {prefix})); then"
    yield f'    bad {what} "{most} instances want a /{prefix} or larger, it is a /$range: another, or fewer instances"'
    yield f'  else ok {what}; free {home.subnet} "$range" {most * 4} {home.project} --regions="$REGION"; fi'
    yield "  if [[ $access == True ]]; then ok 'Private Google Access'"
    if all_traffic:
        yield f"  else bad 'Private Google Access' {mend}; fi"
    else:
        said = quote(f"needed where it calls other Cloud Run services by run.app: {update} ...")
        yield f"  else unknown 'Private Google Access' {said}; fi"
    yield "fi"


def _capacity(build: Build) -> Iterator[str]:
    """What all instances have together at most, against Cloud Run's quotas of a region."""
    run = build.run
    most = run.max_instances if isinstance(run, RunService) else run.instances if isinstance(run, RunWorkerPool) else 0
    most = run.parallelism if isinstance(run, RunJob) else most
    containers = run.template.containers
    needed = {
        CPU_QUOTA: sum(parse_quantity(c.cpu) for c in containers) * 1000 * most,
        MEMORY_QUOTA: sum(parse_quantity(c.memory) for c in containers) * most,
    }
    yield from ("", *_CAPACITY.splitlines())
    for name, amount in needed.items():
        yield f"capacity {name} {int(amount)} {quote(QUOTA_NAMES[name])}"


def _quotas(build: Build) -> Iterator[str]:
    reached = build.reached
    if reached is None or (reached.balancer is None and not reached.names):
        return
    external = reached.reach == "external-load-balancer"
    where = f"project-info describe {PROJECT}" if external else f'regions describe "$REGION" {PROJECT}'
    metrics = "BACKEND_SERVICES URL_MAPS FORWARDING_RULES STATIC_ADDRESSES" if external else "FORWARDING_RULES"
    yield from ("", *_QUOTA.splitlines())
    yield f"quotas=$(gcloud compute {where} --flatten='quotas[]' \\"
    yield "  --format='csv[no-heading](quotas.metric,quotas.usage,quotas.limit)' || true)"
    yield f'for metric in {metrics}; do quota "$metric"; done'


def _images(build: Build) -> Iterator[str]:
    for image in sorted({c.image for c in build.run.template.containers}):
        parsed, what = parse_image(image), quote(f"image {image}")
        of_project = parsed.repository.split("/")[0]
        if not parsed.registry.endswith("-docker.pkg.dev"):
            continue
        look = f"gcloud artifacts docker images describe {quote(image)} --project={quote(of_project)}"
        yield f"if {look} >/dev/null 2>&1; then"
        yield f"  ok {what}"
        yield f'else bad {what} "not there, or not readable by you: roles/artifactregistry.reader of {of_project}"; fi'


def _elsewhere(build: Build) -> Iterator[str]:
    for one in needed_elsewhere(build):
        what, agent = quote(f"{one.what} for Cloud Run"), agent_of(build)
        yield f"if ! held=$({one.look} 2>/dev/null); then"
        yield f"  unknown {what} {quote(f'its owner runs: {one.grant(agent)}')}"
        yield f"elif [[ $held == *{quote(agent)}* ]]; then ok {what}"
        yield f"else bad {what} {quote(one.grant(agent))}; fi"


def _dns(build: Build) -> Iterator[str]:
    domains = build.reached.domains if build.reached is not None else ()
    if domains:
        yield ""
        yield f"zones=$(gcloud dns managed-zones list {PROJECT} --format='value(dnsName)' 2>/dev/null || true)"
    for domain in domains:
        what, name = quote(f"DNS zone of {domain}"), domain.removeprefix("*.")
        parts = name.split(".")
        holds = " ".join(quote(".".join([*parts[i:], ""])) for i in range(max(1, len(parts) - 1)))
        yield "zone="
        yield f'for name in {holds}; do if grep -qFx "$name" <<<"$zones"; then zone=$name; break; fi; done'
        yield f"if [[ -n $zone ]]; then ok {what}"
        yield f'else unknown {what} "not in this project: who enters its records?"; fi'


def _cluster(build: Build) -> Iterator[str]:
    """kubectl points at the cluster where the workload runs."""
    workload, context = build.workload, build.context
    kind, name = kubectl_kind(workload), quote(workload.name)
    login = "gcloud container clusters get-credentials"
    if context.cluster and context.cluster_location:
        login += f" {context.cluster} --location={context.cluster_location}"
    what = quote(f"kubectl sees {workload.kind} {workload.name}")
    yield ""
    look = f"kubectl get {kind} {name} --namespace={quote(workload.namespace)} -o name"
    yield f"if {look} >/dev/null 2>&1; then ok {what}"
    yield f"else bad {what} {quote(f'point it at the cluster: {login}')}; fi"
