"""GKE's reservation formula against the sample of its documentation."""

from decimal import Decimal

import pytest

from k2cr_analysis.pricing.gke.machine_types import machine_type
from k2cr_analysis.pricing.packing.node_pools import allocatable_bytes, allocatable_cores, node_pools
from k2cr_analysis.pricing.packing.reservation import machine_room
from tests.pricing.clusters import cluster, node


def test_the_sample_of_the_documentation():
    room = machine_room(machine_type("e2-standard-4"))
    assert (room.cpu_millicores, room.pods) == (3920, 110)
    assert room.memory_kib == pytest.approx(13_498_416, rel=0.01)


# plan-node-sizes: 60 m of the first core, 10 of the second, 5 each of the third and fourth, 2.5 of each above.
@pytest.mark.parametrize(
    ("machine", "millicores"),
    [("e2-medium", 940), ("e2-standard-2", 1930), ("e2-standard-8", 7910), ("n2-standard-32", 31850)],
)
def test_cpu_by_hand(machine, millicores):
    assert machine_room(machine_type(machine)).cpu_millicores == millicores


def test_a_node_that_does_not_say_what_is_allocatable_is_worked_out():
    raw = node("a")
    raw["status"] = {}
    (pool,) = node_pools(cluster([raw]))
    assert allocatable_cores(pool.nodes[0]) == Decimal("3.92")
    assert allocatable_bytes(pool.nodes[0]) == pytest.approx(13_498_416 * 1024, rel=0.01)
