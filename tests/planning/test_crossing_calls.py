"""Paths between what moved and the network: one for each workload that stays and is called, one for all old names."""

from __future__ import annotations

from decimal import Decimal

from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.planning.crossing_calls import INSIDE, Hops, crossing
from tests.rendering.factory import assessed, container, exposure, workload


def test_a_workload_that_is_called_by_its_name_keeps_it_behind_one_balancer_for_all() -> None:
    called = [assessed(workload(container("app"), name=n, exposures=(exposure(n, 8080),))) for n in ("api", "cart")]
    web = assessed(
        workload(container("app"), name="web"),
        dependencies=[
            Dependency("shop/Deployment/web", a.id, kind, True, a.workload.name, "shop", 80, "env X", "x")
            for a, kind in zip(called, ("http", "http"), strict=True)
        ],
    )
    hops = Hops(crossing(0, (*called, web)), (Decimal(18),))
    assert hops.price(hops.reached([(0, a.id) for a in called])) == 18
    assert hops.reached([(0, called[0].id)]) == ((0, INSIDE),)
    # The caller alone: the two that stay each need a way in.
    assert {target for _, target in hops.reached([(0, web.id)])} == {a.id for a in called}


def test_what_speaks_grpc_has_no_old_name_to_keep() -> None:
    api = assessed(workload(container("app"), name="api", exposures=(exposure("api", 8080),)), h2c=True)
    call = Dependency("shop/Deployment/web", api.id, "grpc", True, "api", "shop", 80, "env X", "x")
    web = assessed(workload(container("app"), name="web"), dependencies=[call])
    assert (0, api.id) not in crossing(0, (api, web))
