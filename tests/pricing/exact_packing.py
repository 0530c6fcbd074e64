"""Random clusters whose pods are bound in every way that is modelled, and what an exact packing makes of them.

The packing is written down once more here, for OR-Tools, from the cluster's own description: it knows neither the
package's parser nor its packer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ortools.sat.python import cp_model

from tests.pricing.clusters import REGION, live, node, workload

CPU, MEMORY_KIB, PODS = 3920, 13498416, 110
STORAGE_GIB = 40
MIB = 1024


@dataclass(frozen=True)
class Pods:
    """A workload: pods of one shape, and what binds them."""

    name: str
    pods: int
    cpu: int
    mib: int
    storage_gib: int = 0
    port: int | None = None
    zone: int | None = None  # by node selector
    host: int | None = None
    shuns: str | None = None  # app on no node with it
    zone_shuns: str | None = None
    zone_skew: int = 0
    zone_domains: int = 1
    host_skew: int = 0
    disk: bool = False  # bound to the zone where it runs


@dataclass(frozen=True)
class Town:
    """Nodes by their zones, and workloads with a placement of today: workload -> node of each pod."""

    zones: tuple[int, ...]
    workloads: tuple[Pods, ...]
    today: Mapping[str, tuple[int, ...]]

    def objects(self) -> list[dict[str, object]]:
        nodes = []
        for number, zone in enumerate(self.zones):
            raw = node(f"n{number}", zone="abc"[zone])
            raw["status"]["allocatable"]["ephemeral-storage"] = f"{STORAGE_GIB}Gi"
            nodes.append(raw)
        found = list(nodes)
        for one in self.workloads:
            raw = _manifest(one)
            found += [raw, *live(raw, [f"n{n}" for n in self.today[one.name]])]
            if one.disk:
                claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
                meta = {"name": "d", "namespace": "shop"}
                found.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": claim})
        return found


def _manifest(one: Pods) -> dict[str, object]:
    more: dict[str, object] = {}
    selector = {}
    if one.zone is not None:
        selector["topology.kubernetes.io/zone"] = f"{REGION}-{'abc'[one.zone]}"
    if one.host is not None:
        selector["kubernetes.io/hostname"] = f"gke-n{one.host}"
    if selector:
        more["nodeSelector"] = selector
    terms = [
        {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key}
        for app, key in ((one.shuns, "kubernetes.io/hostname"), (one.zone_shuns, "topology.kubernetes.io/zone"))
        if app
    ]
    if terms:
        more["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    own = {"labelSelector": {"matchLabels": {"app": one.name}}, "whenUnsatisfiable": "DoNotSchedule"}
    spread = []
    if one.zone_skew:
        spread.append(
            {
                "maxSkew": one.zone_skew,
                "topologyKey": "topology.kubernetes.io/zone",
                "minDomains": one.zone_domains,
                **own,
            }
        )
    if one.host_skew:
        spread.append({"maxSkew": one.host_skew, "topologyKey": "kubernetes.io/hostname", **own})
    if spread:
        more["topologySpreadConstraints"] = spread
    raw = workload(one.name, f"{one.cpu}m", f"{one.mib}Mi", replicas=one.pods, **more)
    spec = raw["spec"]["template"]["spec"]
    if one.storage_gib:
        spec["containers"][0]["resources"]["requests"]["ephemeral-storage"] = f"{one.storage_gib}Gi"
    if one.port:
        spec["containers"][0]["ports"] = [{"containerPort": one.port, "hostPort": one.port}]
    if one.disk:
        spec["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]
    return raw


class Packing:
    """The pods of some workloads on some nodes: every rule as a constraint."""

    def __init__(
        self, zones: Sequence[int], workloads: Sequence[Pods], today: Mapping[str, Sequence[int]] | None = None
    ) -> None:
        self.model, self.zones = cp_model.CpModel(), tuple(zones)
        model, nodes = self.model, range(len(zones))
        self.kept = [model.new_bool_var(f"kept {n}") for n in nodes]
        self.on = {w.name: [model.new_int_var(0, w.pods, f"{w.name} on {n}") for n in nodes] for w in workloads}
        for w in workloads:
            self._one(w, None if today is None else today[w.name])
        for n in nodes:
            for size, most in (("cpu", CPU), ("kib", MEMORY_KIB), ("pods", PODS), ("storage", STORAGE_GIB)):
                sizes = {"cpu": lambda w: w.cpu, "kib": lambda w: w.mib * MIB, "pods": lambda w: 1,
                         "storage": lambda w: w.storage_gib}  # fmt: skip
                model.add(sum(sizes[size](w) * self.on[w.name][n] for w in workloads) <= most * self.kept[n])
            for port in {w.port for w in workloads if w.port}:
                model.add(sum(self.on[w.name][n] for w in workloads if w.port == port) <= 1)
        self._apart(workloads)

    def _one(self, w: Pods, today: Sequence[int] | None) -> None:
        on = self.on[w.name]
        self.model.add(sum(on) == w.pods)
        may = [n for n in range(len(self.zones)) if w.zone in (None, self.zones[n]) and w.host in (None, n)]
        for n in range(len(self.zones)):
            if n not in may:
                self.model.add(on[n] == 0)
        if w.disk and today is not None:
            for zone in set(self.zones):
                here = [n for n in range(len(self.zones)) if self.zones[n] == zone]
                self.model.add(sum(on[n] for n in here) == sum(1 for n in today if n in here))
        if w.host_skew:
            self._within([on[n] for n in may], [self.kept[n] for n in may], w.host_skew, 1)
        if w.zone_skew:
            there = sorted({self.zones[n] for n in may})
            counts, exists = [], []
            for zone in there:
                here = [n for n in may if self.zones[n] == zone]
                counts.append(sum(on[n] for n in here))
                some = self.model.new_bool_var("")
                self.model.add_max_equality(some, [self.kept[n] for n in here])
                exists.append(some)
            self._within(counts, exists, w.zone_skew, w.zone_domains)

    def _within(self, counts: Sequence[object], exists: Sequence[object], skew: int, domains: int) -> None:
        """max - min <= skew over the domains that exist; the least is 0 where they are too few."""
        least = self.model.new_int_var(0, 1000, "")
        few = self.model.new_bool_var("")
        self.model.add(sum(exists) >= domains).only_enforce_if(few.negated())
        self.model.add(least == 0).only_enforce_if(few)
        for count, there in zip(counts, exists, strict=True):
            self.model.add(least <= count).only_enforce_if(there)
            self.model.add(count <= least + skew)

    def _apart(self, workloads: Sequence[Pods]) -> None:
        by_name = {w.name: w for w in workloads}
        for w in workloads:
            for other, domains in ((w.shuns, [[n] for n in range(len(self.zones))]), (w.zone_shuns, self._in_zones())):
                if other not in by_name:
                    continue
                for domain in domains:
                    mine = sum(self.on[w.name][n] for n in domain)
                    if other == w.name:
                        self.model.add(mine <= 1)
                        continue
                    either = self.model.new_bool_var("")
                    self.model.add(mine == 0).only_enforce_if(either)
                    self.model.add(sum(self.on[other][n] for n in domain) == 0).only_enforce_if(either.negated())

    def _in_zones(self) -> list[list[int]]:
        return [[n for n, z in enumerate(self.zones) if z == zone] for zone in sorted(set(self.zones))]

    def solved(self) -> cp_model.CpSolver | None:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers, solver.parameters.random_seed = 1, 1
        return solver if solver.solve(self.model) in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def fewest(town: Town, staying: Sequence[Pods]) -> int:
    """How few nodes do for these pods, one in each zone at the least."""
    packing = Packing(town.zones, staying, town.today)
    for zone in packing._in_zones():
        packing.model.add(sum(packing.kept[n] for n in zone) >= 1)
    packing.model.minimize(sum(packing.kept))
    solver = packing.solved()
    assert solver is not None, "today's placement is one"
    return round(solver.objective_value)


def fits(town: Town, staying: Sequence[Pods], kept: Sequence[int]) -> bool:
    """Whether these pods can all run on just these nodes."""
    packing = Packing(town.zones, staying, town.today)
    for n, var in enumerate(packing.kept):
        packing.model.add(var == (1 if n in kept else 0))
    return packing.solved() is not None


def random_town(seed: int) -> Town | None:
    """A cluster with one pool; None where its pods cannot run."""
    draw = Random(seed)
    zones = tuple(sorted(draw.choice(([0], [0, 1], [0, 1, 2])) * draw.randint(2, 4)))
    count = draw.randint(2, 6)
    names = [f"w{n}" for n in range(count)]
    workloads = tuple(_random_pods(draw, name, names, zones) for name in names)
    packing = Packing(zones, workloads)
    for var in packing.kept:
        packing.model.add(var == 1)
    solver = packing.solved()
    if solver is None:
        return None
    today = {
        w.name: tuple(n for n in range(len(zones)) for _ in range(solver.value(packing.on[w.name][n])))
        for w in workloads
    }
    return Town(zones, workloads, today)


def _random_pods(draw: Random, name: str, names: Sequence[str], zones: Sequence[int]) -> Pods:
    bound = draw.choice(
        ("", "", "port", "zone", "host", "shuns", "zone_shuns", "zone_skew", "host_skew", "storage", "disk")
    )
    nodes = len(zones)
    return Pods(
        name,
        pods=1 if bound in ("host", "zone_shuns") else draw.randint(1, 4),
        cpu=draw.choice((100, 400, 900, 1300, 1900, 2500, 3800)),
        mib=draw.choice((64, 512, 2048, 6144)),
        storage_gib=draw.choice((10, 15, 25)) if bound == "storage" else 0,
        port=draw.choice((8080, 9090)) if bound == "port" else None,
        zone=draw.choice(zones) if bound == "zone" else None,
        host=draw.randrange(nodes) if bound == "host" else None,
        shuns=draw.choice(names) if bound == "shuns" else None,
        zone_shuns=draw.choice(names) if bound == "zone_shuns" else None,
        zone_skew=draw.choice((1, 1, 2)) if bound == "zone_skew" else 0,
        zone_domains=draw.choice((1, 2, 3)) if bound == "zone_skew" else 1,
        host_skew=draw.choice((1, 2)) if bound == "host_skew" else 0,
        disk=bound == "disk",
    )
