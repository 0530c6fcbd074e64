"""Days and hours of the rules that have rates of their own, before ``[rates.rules.<id>]`` of the config.

Like the other rates (``config/work_rates.py``) they are k2cr's own assumptions, made to be corrected.
"""

from __future__ import annotations

from k2cr_analysis.config import Rates, RuleRates

# A rule that is not here takes `[rates.effort] change` and `[rates.toil] changed_feature`. Incomplete objects are not
# moved by anyone yet.
OF_RULE: dict[str, RuleRates] = {
    "incomplete-object": RuleRates(0.0, 0.0),
    # A question that one look at the program answers.
    "protocol-unknown": RuleRates(0.25, 0.0),
    "undeclared-grpc": RuleRates(0.25, 0.0),
    "ingress-container-unclear": RuleRates(0.25, 0.0),
    "probe-port-unknown": RuleRates(0.25, 0.0),
    "awaited-without-port": RuleRates(0.25, 0.0),
    "dependency-of-nobody": RuleRates(0.25, 0.0),
    "accelerator-of-unknown-kind": RuleRates(0.25, 0.0),
    "config-map-not-seen": RuleRates(0.25, 0.0),
    "secret-keys-not-seen": RuleRates(0.25, 0.0),
    "redacted-text": RuleRates(0.25, 0.0),
    # A line in the image or the configuration, then as before.
    "tcp-liveness-probe": RuleRates(0.25, 0.0),
    "exec-probe": RuleRates(0.5, 0.0),
    "downward-api-value": RuleRates(0.25, 0.0),
    "unexpandable-reference": RuleRates(0.25, 0.0),
    "reserved-variable": RuleRates(0.25, 0.0),
    "service-link-variable": RuleRates(0.25, 0.0),
    "registry-outside-policy": RuleRates(0.5, 0.0),
    "image-from-private-registry": RuleRates(0.5, 0.1),
    "image-only-on-node": RuleRates(0.5, 0.0),
    "injected-sidecar": RuleRates(0.5, 0.0),
    "start-hook": RuleRates(0.5, 0.0),
    "stop-hook": RuleRates(0.5, 0.0),
    "probe-over-tls": RuleRates(0.5, 0.0),
    "tls-in-container": RuleRates(0.5, 0.0),
    "native-sidecar": RuleRates(0.25, 0.0),
    "reserved-mount-path": RuleRates(0.25, 0.0),
    "nested-mount": RuleRates(0.25, 0.0),
    "host-names-set": RuleRates(0.5, 0.1),
    "default-account-has-role": RuleRates(0.5, 0.0),
    "foreign-identity": RuleRates(0.5, 0.1),
    "projected-identity": RuleRates(0.5, 0.0),
    # Files and memory: somebody watches a limit that was a disk.
    "scratch-on-disk": RuleRates(0.5, 0.25),
    "ephemeral-storage-in-memory": RuleRates(0.5, 0.25),
    "scratch-disk-over-quota": RuleRates(0.5, 0.0),
    "config-map-as-files": RuleRates(0.5, 0.25),
    "secret-with-many-files": RuleRates(0.5, 0.25),
    # Scaling and schedules that Cloud Run does not have: somebody looks after them.
    "scaling-on-custom-metric": RuleRates(1.5, 0.5),
    "scaling-on-memory-alone": RuleRates(0.5, 0.25),
    "worker-pool-scaled-by-hand": RuleRates(0.5, 0.5),
    "concurrency-policy": RuleRates(1.0, 0.1),
    "starting-deadline": RuleRates(0.5, 0.1),
    # The program changes.
    "grace-period-over-limit": RuleRates(1.0, 0.1),
    "init-container": RuleRates(1.0, 0.1),
    "several-ports": RuleRates(1.5, 0.25),
    "websocket-port": RuleRates(1.0, 0.25),
    "request-over-hour": RuleRates(2.0, 0.25),
    "startup-over-limit": RuleRates(2.0, 0.1),
    "limits-over-instance": RuleRates(1.0, 0.25),
    "network-file-system": RuleRates(2.0, 0.5),
    "additional-network": RuleRates(2.0, 0.5),
    "too-many-containers": RuleRates(3.0, 0.5),
}


def rates_of_rule(rule: str, rates: Rates) -> RuleRates:
    """The config's word on a rule, else k2cr's, else what any other change takes."""
    known = rates.rules.get(rule) or OF_RULE.get(rule)
    return known or RuleRates(rates.effort.change, rates.toil.changed_feature)
