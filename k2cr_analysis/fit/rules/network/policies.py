"""Policies that say who may call: the mesh's, and those of the network, on both sides of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.objects.egress_policies import egress_policies
from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings, text, texts
from k2cr_analysis.model.parse.other_policies import checks_of
from k2cr_analysis.model.parse.related import OTHER_POLICIES
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.gke.labels import ISTIO_INJECT

_VPC = "https://docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc"
_CALLERS = "https://docs.cloud.google.com/run/docs/authenticating/service-to-service"
_EXTERNAL_FILTERS = ("ext_authz", "jwt_authn", "rbac", "oauth2")
# Images and names of containers that the mesh's proxy asks whether to let a request in.
_AUTHORIZERS = frozenset({"opa", "authz", "authservice", "authorino", "extauth", "ext-authz", "opa-istio", "opa-envoy"})


def _name(raw: Raw) -> str:
    return str(mapping(raw, "metadata").get("name"))


@rule(
    id="mesh-policy",
    severity="change",
    reads=("AuthorizationPolicy", "RequestAuthentication", "EnvoyFilter"),
    docs=_CALLERS,
)
def mesh_policy(candidate: Candidate) -> Iterator[Found]:
    """The mesh checks who calls the workload, and that check does not come along.

    Why: Cloud Run's own check (IAM) knows service accounts and users of Google. It reads no JWT rules of an
    application, asks no external authorizer, and knows no principals, paths or claims of the mesh's policies.
    Remedy: Decide what takes its place: IAM (`roles/run.invoker` for each caller's service account) for calls between
    workloads; IAP or an API gateway that checks the JWT for users; or the check in the application, or in a container
    before it (an Envoy with the same filter).
    Example: kind: RequestAuthentication, spec: {jwtRules: [{issuer: "https://login.example.com"}]}
    """
    for kind in ("AuthorizationPolicy", "RequestAuthentication"):
        for policy in candidate.workload.related.get(kind, ()):
            if text(mapping(policy, "spec"), "action") != "AUDIT":
                yield Found(
                    f"{kind}/{_name(policy)} $.spec",
                    f"{kind} {_name(policy)} {_says(policy, kind)}; on Cloud Run nothing does that by itself",
                )
    for policy in candidate.workload.related.get("EnvoyFilter", ()):
        used = next((f for f in _EXTERNAL_FILTERS if f in str(policy.get("spec"))), None)
        if used:
            yield Found(
                f"EnvoyFilter/{_name(policy)} $.spec",
                f"EnvoyFilter {_name(policy)} checks requests ({used}) in the mesh's proxy; on Cloud Run there is none",
            )
    if candidate.workload.related.get("AuthorizationPolicy") or _is_in_mesh(candidate):
        for container in candidate.moving:
            words = {container.name, (container.image or "").rpartition("/")[2].partition(":")[0]}
            if words & _AUTHORIZERS and len(candidate.moving) > 1:
                yield Found(
                    container.path,
                    f"container {container.name} is asked by the mesh's proxy whom to let in; on "
                    "Cloud Run nobody asks it",
                )


def _says(policy: Raw, kind: str) -> str:
    spec = mapping(policy, "spec")
    if kind == "RequestAuthentication":
        issuers = [text(r, "issuer") or "?" for _, r in objects(spec, "jwtRules")]
        return f"checks the JWT of callers ({', '.join(issuers) or 'no issuer'})"
    action = text(spec, "action") or "ALLOW"
    if action == "CUSTOM":
        return f"asks an external authorizer ({text(mapping(spec, 'provider'), 'name') or '?'}) about callers"
    rules = [r for _, r in objects(spec, "rules")]
    if not rules:
        return "lets nobody in" if action == "ALLOW" else "denies nothing"
    asked = sorted({part for r in rules for part in ("from", "to", "when") if r.get(part)})
    words = {"from": "who calls", "to": "what is asked", "when": "claims and headers"}
    return f"checks {', '.join(words[a] for a in asked) or 'callers'} ({action})"


def _is_in_mesh(candidate: Candidate) -> bool:
    return candidate.pod.annotations.get(ISTIO_INJECT) == "true" or (
        candidate.workload.namespace in candidate.index.injected
    )


@rule(
    id="policy-of-another-kind",
    severity="change",
    reads=("CiliumNetworkPolicy", "AuthorizationPolicy", "Middleware", "HTTPProxy"),
    docs=_CALLERS,
)
def policy_of_another_kind(candidate: Candidate) -> Iterator[Found]:
    """A policy of another maker (Cilium, Calico, Linkerd, Consul, Traefik, Contour) says who may call, or be called.

    Why: k2cr sees that it holds for the pods, and does not read its rules. On Cloud Run none of them is applied: IAM
    and the ingress setting say who may call, firewall rules who may be called.
    Remedy: Read it and decide what takes its place: `roles/run.invoker` for the callers that it names, IAP or the
    application's own check for users, Cloud Armor for lists of addresses, firewall rules for egress. Then say so:
    `policy-of-another-kind = "..."` under `[workload."namespace/Kind/name".decided]`.
    Example: kind: CiliumNetworkPolicy, spec: {endpointSelector: {matchLabels: {app: web}}}
    """
    for raw in candidate.workload.related.get(OTHER_POLICIES, ()):
        if candidate.target == "job" and not mapping(raw, "spec").get("egress"):
            continue  # nobody calls a job
        kind, checks = str(raw.get("kind")), checks_of(raw)
        does = f"checks callers ({', '.join(checks)})" if checks else "says who may call, or be called"
        yield Found(
            f"{kind}/{_name(raw)} $.spec",
            f"{kind} {_name(raw)} ({str(raw.get('apiVersion')).rpartition('/')[0]}) {does}; on Cloud Run nothing does "
            "that by itself",
        )


@rule(id="mesh-mutual-tls", severity="note", reads=("PeerAuthentication", "Sidecar"), docs=_CALLERS)
def mesh_mutual_tls(candidate: Candidate) -> Iterator[Found]:
    """The mesh lets only its own members call the workload, by mutual TLS.

    Why: The mesh's certificates do not reach Cloud Run, whose own TLS and IAM stand in their place.
    Remedy: Nothing to decide: callers are asked for an identity by IAM. Give each its `roles/run.invoker`.
    Example: kind: PeerAuthentication, spec: {mtls: {mode: STRICT}}
    """
    for policy in candidate.workload.related.get("PeerAuthentication", ()):
        if _is_strict(policy):
            yield Found(
                f"PeerAuthentication/{_name(policy)} $.spec.mtls",
                f"PeerAuthentication {_name(policy)} lets only members of the mesh call; on Cloud Run IAM asks callers",
            )


def _is_strict(policy: Raw) -> bool:
    return text(mapping(policy, "spec", "mtls"), "mode") == "STRICT"


@rule(id="network-policy", severity="note", reads=("NetworkPolicy",), docs=_VPC)
def network_policy(candidate: Candidate) -> Iterator[Found]:
    """A NetworkPolicy says whom the pods may call.

    Why: Cloud Run has no NetworkPolicies. Firewall rules on the network tags of the revision do the same, for what
    goes through the VPC network.
    Remedy: Nothing to decide: all its traffic goes through the VPC network, and the policy is written as firewall rules
    on the network tag (`network.sh`). What it may call on the internet then needs Cloud NAT.
    Example: kind: NetworkPolicy, spec: {policyTypes: [Egress]}
    """
    for policy in egress_policies(candidate.workload):
        yield Found(
            f"NetworkPolicy/{_name(policy)} $.spec",
            f"NetworkPolicy {_name(policy)} says whom the pods may call; on Cloud Run firewall rules do, and all its "
            "traffic goes through the VPC network for that",
        )


@rule(id="network-policy-on-callers", severity="change", reads=("NetworkPolicy",), docs=_CALLERS)
def network_policy_on_callers(candidate: Candidate) -> Iterator[Found]:
    """A NetworkPolicy lets only some callers in, and that check does not come along.

    Why: Cloud Run has no NetworkPolicies and knows no pods. Who may call it is said by its ingress setting and by IAM.
    Remedy: Decide who may call: internal ingress, and `roles/run.invoker` for the service accounts of the callers that
    the policy names.
    Example: kind: NetworkPolicy, spec: {ingress: [{from: [{podSelector: {matchLabels: {app: front}}}]}]}
    """
    if candidate.target != "service":
        return
    for policy in _closed_doors(candidate.workload, _admits_all):
        yield Found(
            f"NetworkPolicy/{_name(policy)} $.spec.ingress",
            f"NetworkPolicy {_name(policy)} lets in {_admitted(mapping(policy, 'spec'))}; on Cloud Run IAM and the "
            "ingress setting say who may call",
        )


@rule(
    id="callee-admits-no-outsiders",
    severity="change",
    reads=("NetworkPolicy", "PeerAuthentication", "AuthorizationPolicy"),
    docs=_VPC,
)
def callee_admits_no_outsiders(candidate: Candidate) -> Iterator[Found]:
    """What it calls stays on GKE, and a policy there lets only pods or members of the mesh in.

    Why: From Cloud Run the calls come out of the subnet of Direct VPC egress: from no pod, and without a certificate
    of the mesh. The policy refuses them.
    Remedy: Let the subnet in before the cut-over: an `ipBlock` with its range in the callee's NetworkPolicy; of a mesh,
    mutual TLS PERMISSIVE on that port, and a rule for the subnet's range (`ipBlocks`).
    Example: a database with NetworkPolicy ingress from podSelector app=web
    """
    for edge in candidate.dependencies:
        if not edge.only_counted:
            yield from refusing(candidate, edge)


def refusing(candidate: Candidate, edge: Dependency) -> Iterator[Found]:
    """The policies of a callee that stays which refuse calls from outside the cluster."""
    callee = candidate.index.workloads.get(edge.target)
    if callee is not None and callee.id in candidate.staying:
        for kind, policy, what in _closing(callee):
            yield Found(
                f"{kind}/{_name(policy)} $.spec",
                f"{kind} {_name(policy)} of {callee.id}, which stays, {what}; calls from Cloud Run come out of "
                "a subnet",
            )


def _closing(callee: Workload) -> Iterator[tuple[str, Raw, str]]:
    for policy in _closed_doors(callee, _admits_addresses):
        yield "NetworkPolicy", policy, f"lets in {_admitted(mapping(policy, 'spec'))}"
    for policy in callee.related.get("PeerAuthentication", ()):
        if _is_strict(policy):
            yield "PeerAuthentication", policy, "lets in members of the mesh alone"
    for policy in callee.related.get("AuthorizationPolicy", ()):
        sources = [
            mapping(f, "source") for _, r in objects(mapping(policy, "spec"), "rules") for _, f in objects(r, "from")
        ]
        if sources and not any(s.get("ipBlocks") or s.get("remoteIpBlocks") for s in sources):
            yield "AuthorizationPolicy", policy, "names who may call"
    for policy in callee.related.get(OTHER_POLICIES, ()):
        ingress = [r for _, r in objects(mapping(policy, "spec"), "ingress")]
        if ingress and not any(_lets_addresses_in(r) for r in ingress):
            yield str(policy.get("kind")), policy, "lets in pods that it names alone"


def _lets_addresses_in(rule: Raw) -> bool:
    """Of a rule of Cilium or Calico: whether it admits everybody, or names addresses."""
    from_entities = {"all", "world"} & set(texts(rule, "fromEntities"))
    names = any(rule.get(f) for f in ("fromCIDR", "fromCIDRSet", "fromFQDNs")) or mapping(rule, "source").get("nets")
    says_nothing = not any(f.startswith("from") for f in rule) and not mapping(rule, "source")
    return bool(from_entities or names or says_nothing)


def _closed_doors(workload: Workload, opens: Callable[[Raw], bool]) -> Iterator[Raw]:
    """The policies of ingress that say who comes in; none where one of them opens the door. What they let in adds up
    (kubernetes.io, "Network Policies"), so one that lets nobody in is told only where it is alone.
    """
    policies = [p for p in workload.related.get("NetworkPolicy", ()) if _rules_ingress(mapping(p, "spec"))]
    if any(opens(mapping(p, "spec")) for p in policies):
        return
    admitting = [p for p in policies if mapping(p, "spec").get("ingress")]
    yield from admitting or policies[:1]


def _rules_ingress(spec: Raw) -> bool:
    """A policy without types is one of ingress, whatever else it holds."""
    types = texts(spec, "policyTypes")
    return "Ingress" in types if types else True


def _admits_all(spec: Raw) -> bool:
    """An empty rule, or one of ports alone, lets everybody in."""
    return any(not rule.get("from") or _is_everywhere(rule) for _, rule in objects(spec, "ingress"))


def _is_everywhere(rule: Raw) -> bool:
    return any(text(mapping(p, "ipBlock"), "cidr") in ("0.0.0.0/0", "::/0") for _, p in objects(rule, "from"))


def _admits_addresses(spec: Raw) -> bool:
    """Whether it lets in everybody, or names addresses, which a person may have chosen for callers from outside."""
    return _admits_all(spec) or any(
        mapping(p, "ipBlock") for _, rule in objects(spec, "ingress") for _, p in objects(rule, "from")
    )


def _admitted(spec: Raw) -> str:
    peers = [p for _, rule in objects(spec, "ingress") for _, p in objects(rule, "from")]
    if not peers:
        return "nobody at all"
    said = []
    for peer in peers:
        pods = strings(mapping(peer, "podSelector", "matchLabels"))
        spaces = strings(mapping(peer, "namespaceSelector", "matchLabels"))
        labels = [f"{k}={v}" for k, v in (*pods.items(), *spaces.items())]
        block = text(mapping(peer, "ipBlock"), "cidr")
        plain = "pods of any namespace" if "namespaceSelector" in peer else "pods of its namespace"
        said.append(block or (f"pods with {', '.join(labels)}" if labels else plain))
    return f"{' and '.join(dict.fromkeys(said[:4]))} alone"
