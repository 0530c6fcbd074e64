"""Names: contract section 2, and what Google Cloud takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k2cr_analysis.rendering.text.names import (
    container_names,
    folder_name,
    secret_name,
    service_account_id,
    service_names,
)
from tests.rendering.factory import container, workload


def named(*ids: str, template: str | None = None) -> list[str]:
    made = [
        workload(container("c"), namespace=ns, kind=kind, name=name) for ns, kind, name in (i.split("/") for i in ids)
    ]
    found = service_names(made, template)
    return [found[i] for i in ids]


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (["a/Deployment/web"], ["web"]),
        (["a/Deployment/web", "b/Deployment/web"], ["a-web", "b-web"]),
        (["a/Deployment/web", "a/Job/web"], ["a-web-deployment", "a-web-job"]),
        (["a/Deployment/web", "b/Deployment/web", "c/Deployment/api"], ["a-web", "b-web", "api"]),
    ],
    ids=["alone: its name", "two namespaces", "two kinds of one namespace", "only those that clash"],
)
def test_a_name_is_as_short_as_it_can_be(ids: list[str], names: list[str]) -> None:
    assert named(*ids) == names


def test_a_long_name_is_cut_with_a_hash_of_the_id() -> None:
    one, other = named(f"a/Deployment/{'x' * 60}1", f"a/Deployment/{'x' * 60}2")
    assert one != other
    assert re.fullmatch(r"x{42}-[0-9a-f]{6}", one)


def test_the_house_template_names_services() -> None:
    assert named("shop/Deployment/web", template="{namespace}-{name}") == ["shop-web"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "a-b"]),
            st.sampled_from(["Deployment", "Job"]),
            st.text("ab-.1*", min_size=1, max_size=60),
        ),
        unique=True,
        max_size=12,
    )
)
def test_names_are_legal_and_never_meet(ids: list[tuple[str, str, str]]) -> None:
    found = named(*("/".join(i) for i in ids))
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?", name) for name in found)


def test_the_order_of_workloads_is_no_matter() -> None:
    ids = ["a/Deployment/web", "b/Deployment/web", "a/Job/web"]
    assert dict(zip(ids, named(*ids), strict=True)) == dict(zip(ids[::-1], named(*ids[::-1]), strict=True))


@pytest.mark.parametrize(
    ("id_parts", "folder"),
    [
        (("shop", "Deployment", "web"), "shop--deployment--web"),
        (("shop", "Job", "once*"), r"shop--job--once_-[0-9a-f]{6}"),
        (("a", "Pod", "../../x"), r"a--pod--\.\._\.\._x-[0-9a-f]{6}"),
    ],
    ids=["plain", "generateName", "climbing"],
)
def test_a_folder_name_is_safe(id_parts: tuple[str, str, str], folder: str) -> None:
    namespace, kind, name = id_parts
    assert re.fullmatch(folder, folder_name(workload(container("c"), namespace=namespace, kind=kind, name=name)))


def test_two_keys_never_share_a_secret() -> None:
    keys = [
        ("shop", "tls", "tls.crt"),
        ("shop", "tls", "tls-crt"),
        ("shop", "tls--x", "y"),
        ("shop", "tls", "x--y"),
        ("shop", "tls", "x"),
    ]
    found = [secret_name(*k) for k in keys]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name) for name in found)
    assert found[-1] == "shop--tls--x"


@pytest.mark.parametrize("service", ["a", "web", "x" * 49], ids=len)
def test_a_service_account_has_6_to_30_characters(service: str) -> None:
    assert re.fullmatch(r"[a-z]([a-z0-9-]{4,28})[a-z0-9]", service_account_id(service))


def test_container_names_are_made_legal_and_stay_apart() -> None:
    made = container_names(["app", "<YOUR-APP>", "your-app", "Your_App", "x" * 70])
    assert made["app"] == "app"
    assert len(set(made.values())) == 5
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) for name in made.values())
