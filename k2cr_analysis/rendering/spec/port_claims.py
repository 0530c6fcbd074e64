"""What became of the ports that containers declare: each by what another number, or name, would decide."""

from __future__ import annotations

from k2cr_analysis.model.workload import Port
from k2cr_analysis.rendering.spec.account import Account, Entry
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.pod.port_words import PortWords


def port_entries(build: Build) -> list[Entry]:
    """Two entries at most for each declared port of the containers that go along."""
    words, fit, account = build.port_words, build.assessed.fit, Account()
    for name in fit.containers:
        container = build.workload.container(name)
        for declared in container.ports if container else ():
            leads = fit.target == "service" and name == fit.ingress_container and declared.number == fit.ingress_port
            _account_for_number(declared, words, account, leads=leads)
            _account_for_name(declared, words, account, leads=leads)
    return account.entries


def _account_for_number(declared: Port, words: PortWords, account: Account, *, leads: bool) -> None:
    path = f"{declared.path}.containerPort"
    if target := words.number_decides(declared):
        why = "the ingress port" if leads else "by it others find the container, or a probe asks it"
        account.carried(path, target, declared.number, why)
    elif leads:
        account.counted(path, declared.number, "the Service's targetPort names the same number, and decides")
    else:
        why = "one port takes requests from outside; others need no declaration within an instance"
        account.dropped(declared.path, declared.number, why)


def _account_for_name(declared: Port, words: PortWords, account: Account, *, leads: bool) -> None:
    path = f"{declared.path}.name"
    if declared.name and (target := words.name_decides(declared)):
        why = "it says what the port speaks, or joins a Service or a probe to it"
        account.changed(path, target, declared.name, declared.number, why)
    elif declared.name and leads:
        account.counted(path, declared.name, "it tells what the port speaks")
