"""Labels of the Cloud Run resource: they reach the billing export, so cost can be told apart by them."""

from __future__ import annotations

from collections.abc import Mapping

from k2cr_analysis.model.findings.finding import Target
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.rendering import policy
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.text.names import is_label, label_value


def build_labels(workload: Workload, context: RenderContext, account: Account) -> Mapping[str, str]:
    """The labels of pods and workload that Google Cloud takes, and where it comes from, for the billing export."""
    labels: dict[str, str] = {}
    top = {key for key, value in workload.labels.items() if is_label(key, value)}
    template = f"{workload.pod.path.removesuffix('.spec')}.metadata.labels"
    of_template = () if template == "$.metadata.labels" else ((template, workload.pod.labels),)
    for path, found in (*of_template, ("$.metadata.labels", workload.labels)):
        legal = {key: value for key, value in found.items() if is_label(key, value)}
        labels |= legal
        if not found:
            continue
        if not legal or (path == template and legal.keys() <= top):
            why = "the workload's own labels stand in their place" if legal else "Google Cloud takes none of them"
            account.dropped(path, ", ".join(f"{k}={v}" for k, v in sorted(found.items())), why)
        elif legal == found:
            account.carried(path, "metadata.labels", ", ".join(f"{k}={v}" for k, v in sorted(found.items())))
        else:
            kept = ", ".join(f"{k}={v}" for k, v in sorted(legal.items())) or "none"
            why = "only legal Google Cloud labels: lower case letters, digits, - and _; no dots or slashes"
            account.changed(path, "metadata.labels", ", ".join(f"{k}={v}" for k, v in sorted(found.items())), kept, why)
    labels |= {"k8s-namespace": label_value(workload.namespace), "k8s-workload": label_value(workload.name)}
    made = policy.with_required_labels(labels, context.config.policy)
    required = context.config.policy.required_labels
    if required:
        own = [key for key in required if labels.get(key) not in (None, required[key])]
        said = ", ".join(f"{key}={value}" for key, value in sorted(required.items()))
        said += f"; in place of the workload's own {', '.join(own)}" if own else ""
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
    account.changed("$.metadata.namespace", "label k8s-namespace", workload.namespace, f"k8s-namespace={kept}", why)
