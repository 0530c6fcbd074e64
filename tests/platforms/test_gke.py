"""Google's own namespaces, known add-ons' and applications'; zones and regions."""

import pytest

from k2cr_analysis.platforms.gke.cluster import is_zone, region_of, system_namespace


@pytest.mark.parametrize(
    "namespace",
    ["kube-system", "kube-public", "kube-node-lease", "gmp-system", "gmp-public", "gke-gmp-system", "gke-managed-cim",
     "gke-managed-filestorecsi", "gke-managed-system", "gke-mcs", "gke-connect", "gke-system"],
)  # fmt: skip
def test_googles_own_namespaces(namespace):
    assert system_namespace(namespace) == "google"


@pytest.mark.parametrize(
    "namespace", ["istio-system", "cert-manager", "config-management-system", "kube-flannel", "asm-system", "keda"]
)
def test_namespaces_of_known_add_ons_are_the_teams(namespace):
    assert system_namespace(namespace) == "add-on"


@pytest.mark.parametrize("namespace", ["default", "shop", "gke-demo", "kube-apps", "gmp-exporters", "my-kube-system"])
def test_an_application_may_have_a_name_like_them(namespace):
    assert system_namespace(namespace) is None


def test_a_zone_is_no_region():
    assert is_zone("asia-northeast1-b")
    assert not is_zone("asia-northeast1")
    assert region_of("asia-northeast1-b") == region_of("asia-northeast1") == "asia-northeast1"
