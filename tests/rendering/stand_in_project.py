"""The stand-in's project: what gcloud changes in it, and what it says of it."""

from __future__ import annotations

import re

VERBS = {
    "access", "add", "add-backend", "add-iam-policy-binding", "add-path-matcher", "create", "delete", "deploy", "describe", "enable", "export", "get-iam-policy",
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
_KEPT = ("--description", "--rrdatas")  # what is seen of a resource later
_THERE = (
    "iap web",
    "projects",
    "artifacts repositories",
    "storage buckets",
    "compute networks subnets",
)  # not made by scripts
_MEMBER = re.compile(r"(user|group|serviceAccount|domain|principal|principalSet):\S+")


def _label(flag: str) -> tuple[str, str]:
    name, _, value = flag.partition("=")
    return f"labels.{name}", value


class Call:
    """One call of gcloud, and what comes of it. ``made``: resource -> what it holds."""

    def __init__(self, words: list[str], made: dict[str, list[str]], given: str = "") -> None:
        self.made, self.given = made, given
        self.flags = {w.partition("=")[0]: w.partition("=")[2] for w in words if w.startswith("--")}
        plain = [w for w in words if not w.startswith("-") and w not in ("beta", "alpha")]
        at = next((i for i, w in enumerate(plain) if i and w in VERBS), len(plain))
        self.verb = plain[at] if at < len(plain) else ""
        group, rest = " ".join(plain[:at]), [w for w in plain[at + 1 :] if w not in ("http", "https", "github")]
        self.group = {"run": "run services", "secrets versions": "secrets"}.get(group, group)
        self.name = (rest[0] if rest else self.flags.get("--service") or self.flags.get("--name", "")).partition("@")[0]

    @property
    def key(self) -> str:
        if self.group == "secrets":
            return f"secrets  {self.flags.get('--secret', self.name)}"
        parents = ["--map", "--router", *(["--security-policy"] if "rules" in self.group else [])]
        kind = self.flags.get("--type", "") if self.group == "dns record-sets" else ""
        return f"{self.group} {kind}{''.join(self.flags.get(p, '') for p in parents)} {self.name}"

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
        wrong = self.wrong_value()
        return (1, wrong) if wrong else act.get(self.verb, self.change)()

    def wrong_value(self) -> str:
        """What no API takes."""
        address, member = self.flags.get("--rrdatas"), self.flags.get("--member")
        if address is not None and self.flags.get("--type") != "TXT" and not re.fullmatch(r"[\d.]+", address):
            return f"{address} is no address"
        if member is not None and not _MEMBER.fullmatch(member):
            return f"{member} is no member"
        return ""

    def list(self) -> tuple[int, str]:
        if self.group == "secrets":
            return 0, "\n".join(str(n) for n in range(len(self.versions()), 0, -1))
        zonal = (
            ["neg-1 us-central1-a", "neg-1 us-central1-b"] if self.group == "compute network-endpoint-groups" else []
        )
        return 0, "\n".join(zonal or [key.split()[-1] for key in self.made if key.startswith(f"{self.group} ")])

    def describe(self) -> tuple[int, str]:
        if self.group == "secrets" and "--secret" in self.flags:
            number = str(len(self.versions())) if self.name == "latest" else self.name
            return int(
                self.version() is None
            ), f"projects/1/secrets/x/versions/{number}" if "--format" in self.flags else ""
        if self.key not in self.made:
            return 1, "not found"
        shown = self.flags.get("--format", "").removeprefix("value(").removesuffix(")")
        return 0, "\t".join(self.field(name) for name in shown.split(",")) if shown else ""

    def version(self) -> str | None:
        """What stands at a version of a secret, by its number, by an alias, or the latest."""
        found, name = self.versions(), self.name
        name = self.aliases().get(name, str(len(found)) if name == "latest" else name)
        return found[int(name) - 1] if name.isdigit() and 0 < int(name) <= len(found) else None

    def aliases(self) -> dict[str, str]:
        held = self.made.get(f"aliases  {self.flags.get('--secret', self.name)}", [])
        return dict(alias.split("=") for alias in held)

    def versions(self) -> list[str]:
        """Of a secret."""
        return [one for one in self.made.get(self.key, []) if not one.startswith(("roles/", "labels"))]

    def field(self, name: str) -> str:
        """A field of what is described, as ``--format=value(NAME)`` prints it."""
        holds = self.made[self.key]
        written = next((one.partition(f"{name}=")[2] for one in holds if one.startswith(f"{name}=")), None)
        if written is not None:
            return written
        if name == "hostRules[].hosts":
            rules = [one for one in holds if not one.startswith("description=")]
            return ";".join(str(one.partition("=")[2].split(",")) for one in rules)
        if name == "backends[].group":
            return ";".join(one for one in holds if one.startswith("/"))
        if name == "state":
            return "PAUSED" if "paused" in holds else "ENABLED"
        return {"name": self.name, "id": "1234", "address": "10.0.0.8", "IPAddress": "10.0.0.8"}.get(name, "")

    def create(self) -> tuple[int, str]:
        if self.key in self.made:
            return 1, f"{self.key} already exists"
        kept = {k: self.flags[k] for k in _KEPT if k in self.flags}
        kept |= dict([_label(self.flags["--labels"])]) if "--labels" in self.flags else {}
        self.made[self.key] = [f"{k.removeprefix('--')}={v}" for k, v in kept.items()]
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
            self.made.setdefault(f"{self.group}  {name}" if name else self.key, self.imported())
        elif self.verb == "add-iam-policy-binding" and (self.key in self.made or self.group in _THERE):
            holds = self.made.setdefault(self.key, [])
            bound = f"{self.flags['--role']} {self.flags['--member']}"
            self.made[self.key] = [*(one for one in holds if one != bound), bound]
        elif self.key not in self.made:
            return 1, f"{self.key} is not there"
        elif self.verb in ("add-path-matcher", "remove-path-matcher"):
            return self.path_matcher()
        elif self.verb in ("pause", "resume"):
            if ("paused" in self.made[self.key]) == (self.verb == "pause"):
                return 1, f"{self.key} is in that state already"
            self.made[self.key] = ["paused"] if self.verb == "pause" else []
        elif self.verb == "add":
            self.made[self.key].append(self.given)
            return (
                0,
                f"projects/1/secrets/{self.name}/versions/{len(self.versions())}" if "--format" in self.flags else "",
            )
        elif self.verb == "access":
            content = self.version()
            return int(content is None), content or "no such version"
        elif self.verb == "update" and "--update-version-aliases" in self.flags:
            alias = self.flags["--update-version-aliases"]
            self.made[f"aliases  {self.name}"] = [
                f"{k}={v}" for k, v in {**self.aliases(), **dict([alias.split("=")])}.items()
            ]
        elif self.verb == "delete":
            self.made.pop(self.key)
        elif self.verb == "update" and "--rrdatas" in self.flags:
            self.made[self.key] = [f"rrdatas={self.flags['--rrdatas']}"]
        return 0, ""

    def imported(self) -> list[str]:
        """What ``import`` reads of a file, or of what it is given."""
        text = self.given
        if source := self.flags.get("--source"):
            with open(source, encoding="utf-8") as file:  # noqa: PTH123
                text = file.read()
        return [f"description={d}" for d in re.findall(r"^description: (.*)$", text, re.M)]

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
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return next(line.split()[1] for line in file if line.startswith("  name:"))
