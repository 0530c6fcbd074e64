"""What GKE leaves of a machine for pods: the formula for nodes that are not there, or do not say.

Source: docs.cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes, as several copies have it. Its sample of
4 vCPU and 16 GiB (capacity 16393244Ki, allocatable 3920m and 13498416Ki) is the test: CPU is met exactly, memory to
1 %. From 1.37 on memory may be reserved by another rule, whose base could not be confirmed: the older rule keeps more
for the node, and so promises less.
"""

from __future__ import annotations

from k2cr_analysis.model.parse.node import DEFAULT_MAX_PODS
from k2cr_analysis.pricing.gke.machine_types import MachineType
from k2cr_analysis.pricing.packing.repack import Room

_GIB = 2**20  # KiB
_EVICTION_KIB = 100 * 2**10
_VISIBLE = (16_393_244, 16_777_216)  # of the machine's memory the kernel shows this part, by the same sample
_SMALL_KIB = 255 * 2**10  # of a machine with less than 1 GiB
# Share reserved of each slice of memory [GiB] and of CPU [thousandths of a core], the slices one after the other.
_MEMORY_SLICES = ((4, 25), (4, 20), (8, 10), (112, 6))
_MEMORY_ABOVE_PERCENT = 2
_CPU_SLICES = ((1000, 600), (1000, 100), (2000, 50))  # in hundred-thousandths
_CPU_ABOVE = 25
_SHARED_CORE_MILLICORES = 940  # e2-micro, e2-small, e2-medium: 2 vCPU less 1,060m


def machine_room(machine: MachineType, pods: int = DEFAULT_MAX_PODS) -> Room:
    """Room for pods on a machine, DaemonSets not yet taken off."""
    shown, whole = _VISIBLE
    memory = _memory_kib(int(machine.gib * _GIB) * shown // whole)
    cpu = _SHARED_CORE_MILLICORES if machine.is_shared_core else _millicores(int(machine.vcpu * 1000))
    return Room(cpu, memory, pods)


def _millicores(whole: int) -> int:
    left, reserved = whole, 0
    for size, share in _CPU_SLICES:
        part = min(left, size)
        reserved, left = reserved + part * share, left - part
    reserved += left * _CPU_ABOVE
    return whole - -(-reserved // 10_000)


def _memory_kib(whole: int) -> int:
    if whole < _GIB:
        return max(whole - _SMALL_KIB - _EVICTION_KIB, 0)
    left, reserved = whole, 0
    for size, percent in _MEMORY_SLICES:
        part = min(left, size * _GIB)
        reserved, left = reserved + part * percent, left - part
    reserved += left * _MEMORY_ABOVE_PERCENT
    return whole - -(-reserved // 100) - _EVICTION_KIB
