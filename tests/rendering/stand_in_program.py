"""The program behind the stand-ins of ``stand_in.py``: one call of gcloud or kubectl. It starts in a moment: few imports."""

from __future__ import annotations

import json
import sys

VERBS = {
    "add", "add-backend", "add-iam-policy-binding", "add-path-matcher", "create", "delete", "deploy", "describe", "enable", "export", "get-iam-policy",
    "get-value", "import", "list", "pause", "remove-iam-policy-binding", "remove-path-matcher", "replace", "resume", "run", "update", "update-traffic", "execute",
}  # fmt: skip
# What a flag of one resource names in another.
NAMES = {
    "--url-map": "compute url-maps",
    "--certificate-map": "certificate-manager maps",
    "--map": "certificate-manager maps",
    "--dns-authorizations": "certificate-manager dns-authorizations",
    "--certificates": "certificate-manager certificates",
    "--target-https-proxy": "compute target-https-proxies",
    "--target-http-proxy": "compute target-http-proxies",
    "--health-checks": "compute health-checks",
    "--cloud-run-service": "run services",
    "--router": "compute routers",
    "--zone": "dns managed-zones",
    "--nat-external-ip-pool": "compute addresses",
}
_ALWAYS = {"enable", "get-iam-policy", "get-value"}  # need nothing, change nothing


class Call:
    """One call of gcloud, and what comes of it. ``made``: resource -> what it holds."""

    def __init__(self, words: list[str], made: dict[str, list[str]]) -> None:
        self.made = made
        self.flags = {w.partition("=")[0]: w.partition("=")[2] for w in words if w.startswith("--")}
        plain = [w for w in words if not w.startswith("-") and w not in ("beta", "alpha")]
        at = next((i for i, w in enumerate(plain) if i and w in VERBS), len(plain))
        self.verb = plain[at] if at < len(plain) else ""
        group, rest = " ".join(plain[:at]), [w for w in plain[at + 1 :] if w not in ("http", "https")]
        self.group = {"run": "run services", "secrets versions": "secrets"}.get(group, group)
        self.name = (rest[0] if rest else self.flags.get("--service", "")).partition("@")[0]

    @property
    def key(self) -> str:
        if self.group == "secrets":
            return f"secrets  {self.flags.get('--secret', self.name)}"
        parents = ["--map", "--router", *(["--security-policy"] if "rules" in self.group else [])]
        return f"{self.group} {''.join(self.flags.get(p, '') for p in parents)} {self.name}"

    def outcome(self) -> tuple[int, str]:
        """(exit code, what it prints)."""
        if self.group == "projects" and self.verb == "describe":
            return 0, "1234" if "projectNumber" in self.flags.get("--format", "") else "p"
        if self.group == "services identity" or self.verb in _ALWAYS:
            return 0, ""
        missing = [
            f"{value} of {flag} is not there"
            for flag, of in NAMES.items()
            for value in filter(None, self.flags.get(flag, "").split(","))
            if self.verb != "list" and f"{of}  {value}" not in self.made
        ]
        if missing:
            return 1, missing[0]
        act = {"list": self.list, "describe": self.describe, "create": self.create, "add-backend": self.add_backend}
        return act.get(self.verb, self.change)()

    def list(self) -> tuple[int, str]:
        zonal = (
            ["neg-1 us-central1-a", "neg-1 us-central1-b"] if self.group == "compute network-endpoint-groups" else []
        )
        return 0, "\n".join(zonal or [key.split()[-1] for key in self.made if key.startswith(f"{self.group} ")])

    def describe(self) -> tuple[int, str]:
        if self.group == "secrets" and "--secret" in self.flags:
            return int(len(self.made.get(self.key, [])) < int(self.name)), ""
        shown = self.flags.get("--format", "")
        if self.key not in self.made:
            return 1, "not found"
        if "hostRules" in shown:
            return 0, ";".join(str(rule.partition("=")[2].split(",")) for rule in self.made[self.key])
        if "state" in shown:
            return 0, "PAUSED" if "paused" in self.made[self.key] else "ENABLED"
        return 0, ";".join(self.made[self.key]) if "backends" in shown else "1234" if shown else ""

    def create(self) -> tuple[int, str]:
        if self.key in self.made:
            return 1, f"{self.key} already exists"
        self.made[self.key] = []
        if self.group == "compute security-policies":  # which has a last rule from the first moment
            self.made[f"{self.group} rules {self.name} 2147483647"] = []
        return 0, ""

    def add_backend(self) -> tuple[int, str]:
        zone, neg = self.flags.get("--network-endpoint-group-zone", "r"), self.flags["--network-endpoint-group"]
        held = f"/{zone}/networkEndpointGroups/{neg}"
        if held in self.made.get(self.key, [held]):
            return 1, f"{held} cannot be added to {self.key}"
        self.made[self.key].append(held)
        return 0, ""

    def change(self) -> tuple[int, str]:
        if self.verb in ("deploy", "replace", "import"):
            name = _named(self.name) if self.name.endswith(".yaml") else ""
            self.made.setdefault(f"{self.group}  {name}" if name else self.key, [])
        elif self.key not in self.made and self.group != "iap web":
            return 1, f"{self.key} is not there"
        elif self.verb in ("add-path-matcher", "remove-path-matcher"):
            return self.path_matcher()
        elif self.verb in ("pause", "resume"):
            if ("paused" in self.made[self.key]) == (self.verb == "pause"):
                return 1, f"{self.key} is in that state already"
            self.made[self.key] = ["paused"] if self.verb == "pause" else []
        elif self.verb == "add":
            self.made[self.key].append(sys.stdin.read())
        elif self.verb == "delete":
            self.made.pop(self.key)
        return 0, ""

    def path_matcher(self) -> tuple[int, str]:
        """What is there cannot be added, what is not there cannot be removed; a host stands in one rule alone."""
        name, rules = self.flags["--path-matcher-name"], self.made[self.key]
        there = [rule for rule in rules if rule.startswith(f"{name}=")]
        if self.verb == "remove-path-matcher":
            self.made[self.key] = [rule for rule in rules if rule not in there]
            return int(not there), "" if there else f"{name} is not there"
        hosts = self.flags["--new-hosts"].split(",")
        taken = [host for rule in rules for host in rule.partition("=")[2].split(",") if host in hosts]
        if there or taken:
            return 1, f"{name} or {taken} is there"
        rules.append(f"{name}={','.join(hosts)}")
        return 0, ""


def _named(path: str) -> str:
    """The name in a file that ``replace`` takes."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes longer to import than all else here
        return next(line.split()[1] for line in file if line.startswith("  name:"))


def _kubectl(words: list[str]) -> tuple[int, str]:
    asked = " ".join(words)
    if "neg-status" in asked:
        return 0, '{"network_endpoint_groups":{"80":"neg-1"},"zones":["us-central1-a","us-central1-b"]}'
    if "loadBalancer" in asked:
        return 0, "10.0.0.9"
    if "{{if index" in asked:
        return 0, "yes" if "with .data" in asked else ""
    return 0, "dmFsdWU=" if "{{index" in asked else ""


def main() -> int:
    folder, program, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(f"{folder}/log.jsonl", "a", encoding="utf-8") as log:  # noqa: PTH123 - pathlib takes longer to import than all else here
        log.write(json.dumps([program, *words]) + "\n")
    if program == "kubectl":
        code, said = _kubectl(words)
    else:
        with open(f"{folder}/state.json", "a+", encoding="utf-8") as state:  # noqa: PTH123 - pathlib takes longer to import than all else here
            state.seek(0)
            made: dict[str, list[str]] = json.loads(state.read() or "{}")
            code, said = Call(words, made).outcome()
            state.truncate(0)
            state.write(json.dumps(made))
    print(said, file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
