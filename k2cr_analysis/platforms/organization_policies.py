"""Constraints of an organisation that may stand against a move to Cloud Run."""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source, skills

_CONSTRAINTS = "https://docs.cloud.google.com/organization-policy/reference/org-policy-constraints"
_RUN = Source(
    _CONSTRAINTS,
    None,
    unconfirmed="not confirmed: the stored page is cut before Cloud Run; public Terraform and printed errors name it",
)
_MEMBERS = skills("skills/cloud/google-cloud-recipe-foundation-builder/references/org-policies.md")
_ACCOUNTS = Source(
    _CONSTRAINTS,
    None,
    unconfirmed="not confirmed: the stored page is cut before it; without such a policy nothing is said",
)
_ACROSS_PROJECTS = Source(_CONSTRAINTS, "2026-12-01", "its opening")
_LOAD_BALANCERS = Source(
    "https://docs.cloud.google.com/load-balancing/docs/org-policy-constraints", "2026-12-01", "copy of 2023-09-14"
)

# Lists of what is allowed.
ALLOWED_INGRESS: Annotated[str, _RUN] = "run.allowedIngress"
ALLOWED_EGRESS: Annotated[str, _RUN] = "run.allowedVPCEgress"
ALLOWED_LOAD_BALANCERS: Annotated[str, _LOAD_BALANCERS] = "compute.restrictLoadBalancerCreationForTypes"
ALLOWED_MEMBERS: Annotated[str, _MEMBERS] = "iam.allowedPolicyMemberDomains"
# On or off.
INVOKER_CHECK_REQUIRED: Annotated[str, _RUN] = "run.managed.requireInvokerIam"
NO_NEW_ACCOUNTS: Annotated[str, _ACCOUNTS] = "iam.disableServiceAccountCreation"
NO_FOREIGN_ACCOUNTS: Annotated[str, _ACROSS_PROJECTS] = "iam.disableCrossProjectServiceAccountUsage"

EXTERNAL_LOAD_BALANCER: Annotated[str, _LOAD_BALANCERS] = "GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS"
INTERNAL_LOAD_BALANCER: Annotated[str, _LOAD_BALANCERS] = "INTERNAL_HTTP_HTTPS"
