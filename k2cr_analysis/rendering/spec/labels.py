"""Labels of the Cloud Run resource: they reach the billing export, so cost can be told apart by them."""

from __future__ import annotations

from collections.abc import Mapping

from k2cr_analysis.model.findings.finding import Target
from k2cr_analysis.model.own_labels import NAMESPACE_LABEL, WORKLOAD_LABEL, label_value
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.openapi.json_path import child
from k2cr_analysis.rendering import policy
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.text.names import is_label

_OWN_LABELS = "$.metadata.labels"


def build_labels(workload: Workload, context: RenderContext, account: Account) -> Mapping[str, str]:
    """The labels of pods and workload that Google Cloud takes, and where it comes from, for the billing export."""
    template = f"{workload.pod.path.removesuffix('.spec')}.metadata.labels"
    of_template = {} if template == _OWN_LABELS else {template: workload.pod.labels}
    sources = {**of_template, _OWN_LABELS: workload.labels}
    stands: dict[str, str] = {}  # label -> where it was read
    labels: dict[str, str] = {}
    for path, found in sources.items():
        legal = {key: value for key, value in found.items() if is_label(key, value)}
        labels |= legal
        stands |= dict.fromkeys(legal, path)
    own = {NAMESPACE_LABEL: label_value(workload.namespace), WORKLOAD_LABEL: label_value(workload.name)}
    labels |= own
    made = policy.with_required_labels(labels, context.config.policy)
    for path, all_of in sources.items():
        for key, value in all_of.items():
            at = child(path, key)
            if stands.get(key) == path and key not in own and made.get(key) == value:
                account.carried(at, f"label {key}", value)
            elif key in stands:
                account.dropped(at, value, "another value stands in its place: the workload's own, or the house's")
            else:
                account.dropped(at, value, "no label of Google Cloud: lower case letters, digits, - and _")
    required = context.config.policy.required_labels
    if required:
        replaced = [key for key in required if labels.get(key) not in (None, required[key])]
        said = ", ".join(f"{key}={value}" for key, value in sorted(required.items()))
        said += f"; in place of the workload's own {', '.join(replaced)}" if replaced else ""
        account.house_rule("required_labels", said)
    return made


def account_for_name(workload: Workload, target: Target, name: str, context: RenderContext, account: Account) -> None:
    """Kind, name and namespace, which a label keeps for the billing export."""
    naming = context.config.policy.naming
    if name == workload.name:
        account.carried("$.metadata.name", "metadata.name", name)
    else:
        why = "by [policy] naming" if naming else "legal, and alone in the region"
        account.changed("$.metadata.name", "metadata.name", workload.name, name, why)
    if naming:
        account.house_rule("naming", f"{naming} gives {name}")
    becomes = f"Cloud Run {target.replace('-', ' ')}"
    account.changed("$.kind", "kind", workload.kind, becomes, "what it becomes")
    kept = label_value(workload.namespace)
    why = "Cloud Run has no namespaces; the label keeps it for the bill"
    account.changed(
        "$.metadata.namespace", f"label {NAMESPACE_LABEL}", workload.namespace, f"{NAMESPACE_LABEL}={kept}", why
    )
