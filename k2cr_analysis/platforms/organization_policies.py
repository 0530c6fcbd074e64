"""Constraints of an organisation that may stand against a move to Cloud Run.

Not confirmed on the day of reading: the values of ``compute.restrictLoadBalancerCreationForTypes`` (from the API's own
names of load balancing schemes and protocols).
"""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

_RUN = Source("https://docs.cloud.google.com/run/docs/securing/org-policy", None)
_IAM = Source("https://docs.cloud.google.com/organization-policy/reference/org-policy-constraints", None)
_LOAD_BALANCERS = Source("https://docs.cloud.google.com/load-balancing/docs/org-policy-constraints", None)

# Lists of what is allowed.
ALLOWED_INGRESS: Annotated[str, _RUN] = "run.allowedIngress"
ALLOWED_EGRESS: Annotated[str, _RUN] = "run.allowedVPCEgress"
ALLOWED_LOAD_BALANCERS: Annotated[str, _LOAD_BALANCERS] = "compute.restrictLoadBalancerCreationForTypes"
ALLOWED_MEMBERS: Annotated[str, _IAM] = "iam.allowedPolicyMemberDomains"
# On or off.
INVOKER_CHECK_REQUIRED: Annotated[str, _RUN] = "run.managed.requireInvokerIam"
NO_NEW_ACCOUNTS: Annotated[str, _IAM] = "iam.disableServiceAccountCreation"
NO_FOREIGN_ACCOUNTS: Annotated[str, _IAM] = "iam.disableCrossProjectServiceAccountUsage"

EXTERNAL_LOAD_BALANCER: Annotated[str, _LOAD_BALANCERS] = "GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS"
INTERNAL_LOAD_BALANCER: Annotated[str, _LOAD_BALANCERS] = "INTERNAL_HTTP_HTTPS"
