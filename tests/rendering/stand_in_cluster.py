"""The stand-in's cluster: what kubectl changes in it, and what it says of it."""

from __future__ import annotations

import json
import re

_NEGS = '{"network_endpoint_groups":{"80":"neg-1"},"zones":["us-central1-a","us-central1-b"]}'
ROTATED = "kubectl values are new"  # as a key of what was made: whoever reads a key gets another value
_PODS = '{"app":"x"}'  # the selector of a Service that nobody has changed


class ClusterCall:
    """One call of kubectl, and what comes of it. ``made``: resource -> what it holds, beside gcloud's."""

    def __init__(self, words: list[str], made: dict[str, list[str]], given: str) -> None:
        self.made, self.given = made, given
        self.flags = {w.partition("=")[0]: w.partition("=")[2] for w in words if w.startswith("--")}
        self.asked = " ".join(words)
        plain = [w for w in words if not w.startswith("-")]
        self.verb, rest = plain[0], [part for w in plain[1:] for part in w.split("/")]
        kind, name = (rest[0], rest[1]) if len(rest) > 1 and self.verb != "rollout" else ("", "")
        self.key = self._key(kind, name)

    def _key(self, kind: str, name: str) -> str:
        return f"kubectl {kind} {self.flags.get('--namespace', '')}/{name}"

    def outcome(self) -> tuple[int, str]:
        """(exit code, what it prints)."""
        act = {"get": self.get, "patch": self.patch, "scale": self.scale, "apply": self.apply, "delete": self.delete}
        return act.get(self.verb, lambda: (0, ""))()

    def get(self) -> tuple[int, str]:
        if "neg-status" in self.asked:
            return 0, _NEGS
        if "loadBalancer" in self.asked:
            return 0, "10.0.0.9" if self.key in self.made else ""
        if ".spec.selector" in self.asked:
            return 0, self._selector()
        if "{{if index" in self.asked:
            return 0, "yes" if "with .data" in self.asked else ""
        held = "bmV3" if ROTATED in self.made else "dmFsdWU="  # new; value
        return 0, held if "{{index" in self.asked else ""

    def _selector(self) -> str:
        found = self.made.get(self.key, [f"selector={_PODS}"])[0].removeprefix("selector=")
        return "" if found == "{}" else found

    def patch(self) -> tuple[int, str]:
        patch = json.loads(self.flags["--patch"])
        if isinstance(patch, list):
            if not self._selector():
                return 1, "The request is invalid: there is nothing to remove"
            self.made[self.key] = ["selector={}"]
        elif "suspend" in patch["spec"]:
            self.made[self.key] = ["suspended"] if patch["spec"]["suspend"] else []
        else:
            self.made[self.key] = [f"selector={json.dumps(patch['spec']['selector'])}"]
        return 0, ""

    def scale(self) -> tuple[int, str]:
        self.made[self.key] = [f"replicas={self.flags['--replicas']}"]
        return 0, ""

    def apply(self) -> tuple[int, str]:
        text = self.given
        if not text:
            with open(self.asked.partition(" -f ")[2], encoding="utf-8") as file:  # noqa: PTH123
                text = file.read()
        for document in re.split(r"^---$", text, flags=re.M):
            found = {k: _first(rf"^\s*{k}: (\S+)$", document) for k in ("kind", "name", "namespace")}
            self.made[f"kubectl {found['kind'].lower()} {found['namespace']}/{found['name']}"] = ["applied"]
        return 0, ""

    def delete(self) -> tuple[int, str]:
        if self.key not in self.made and "--ignore-not-found" not in self.flags:
            return 1, "NotFound"
        self.made.pop(self.key, None)
        return 0, ""


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.M)
    assert found, f"{pattern} is not in {text}"
    return found[1]
