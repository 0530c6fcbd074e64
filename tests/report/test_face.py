"""At a notebook: what a person has is taken, workloads are found by their short names, and what is wrong is one sentence."""

from __future__ import annotations

import pytest

import k2cr_analysis as k
from k2cr_analysis.errors import UsageError
from k2cr_analysis.resources import bundled

DEMO = bundled("data", "demo")


@pytest.mark.parametrize(
    "name", ["frontend", "portal/frontend", "Deployment/frontend", "portal/Deployment/frontend", "Portal/FrontEnd"]
)
def test_a_workload_is_found_by_its_id_and_by_its_short_names(demo, name):
    assert demo[name].id == "portal/Deployment/frontend"


@pytest.mark.parametrize("name", ["frontned", "portal/frontent", "portal/Deployment/frontent"])
def test_a_name_that_nothing_has_is_answered_with_the_nearest(demo, name):
    with pytest.raises(UsageError, match="portal/Deployment/frontend"):
        demo[name]


def test_a_short_name_of_several_workloads_is_asked_back():
    from types import SimpleNamespace

    from k2cr_analysis.assessment.find import find_workload

    ids = ("a/Deployment/web", "b/Deployment/web")
    two = SimpleNamespace(workloads=[SimpleNamespace(id=one) for one in ids])
    with pytest.raises(UsageError, match="2 workloads are called") as raised:
        find_workload([two], "web")
    assert all(one in str(raised.value) for one in ids)
    assert find_workload([two], "b/web").id == "b/Deployment/web"


def test_a_path_an_opened_snapshot_an_assessment_and_a_list_are_taken(demo, demo_plan):
    opened = k.open_snapshot(DEMO)
    assert k.assess(opened, effort="quick").workloads[0].id == demo.workloads[0].id
    several = k.assess([str(DEMO), opened], effort="quick")
    assert len(several) == 2 and several["frontend"].id == "portal/Deployment/frontend"
    assert k.plan(demo).workloads == k.plan([demo]).workloads == demo_plan.workloads
    assert k.recommend(demo, "frontend") is k.recommend(demo["frontend"]) is demo["frontend"].choice


WRONG = {
    "a number": lambda demo: k.assess(7),
    "nothing": lambda demo: k.plan([]),
    "a wrong config": lambda demo: k.assess(DEMO, config=3.5),
    "a config for what is assessed": lambda demo: k.assess(demo, config=k.load_config(bundled("data", "k2cr.toml"))),
    "no workload": lambda demo: k.recommend(demo),
    "one workload and other objectives": lambda demo: k.recommend(demo["frontend"], objectives=demo.config.objectives),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_what_cannot_be_taken_is_said_without_a_stack(demo, call):
    with pytest.raises(UsageError) as raised:
        call(demo)
    assert raised.value.expected
    assert "Traceback" not in "".join(raised.value._render_traceback_())
