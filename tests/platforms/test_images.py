"""References to images are taken apart by the grammar of distribution/reference, and written as they were."""

import pytest

from k2cr_analysis.platforms.images import is_placeholder, is_pulled_directly, is_reference, parse_image

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "host", "path", "tag", "digest"),
    [
        ("redis", "docker.io", "library/redis", None, None),
        ("redis:7", "docker.io", "library/redis", "7", None),
        ("docker.io/redis:7", "docker.io", "library/redis", "7", None),
        ("index.docker.io/bitnami/redis", "docker.io", "bitnami/redis", None, None),
        (f"ghcr.io/org/app:1@{DIGEST}", "ghcr.io", "org/app", "1", DIGEST),
        (f"gcr.io/p/app@{DIGEST}", "gcr.io", "p/app", None, DIGEST),
        ("localhost/app", "localhost", "app", None, None),
        ("registry.corp:5000/team/app", "registry.corp:5000", "team/app", None, None),
        ("registry:5000/team/app:v1", "registry:5000", "team/app", "v1", None),
        ("PROJECT/app:1", "docker.io", "PROJECT/app", "1", None),
    ],
)
def test_a_reference_in_its_parts(text, host, path, tag, digest):
    image = parse_image(text)
    assert (image.host, image.path, image.tag, image.digest) == (host, path, tag, digest)
    assert str(image) == text


def test_releases_of_one_image_are_one():
    assert parse_image("host:5000/a/b:1").without_version == parse_image(f"host:5000/a/b@{DIGEST}").without_version


@pytest.mark.parametrize(
    ("text", "direct"),
    [
        ("nginx", True),
        ("GHCR.io/org/app:1", True),
        ("ghcr.io:443/org/app", True),
        ("ghcr.io/org/app", True),
        (f"ghcr.io/org/app:1@{DIGEST}", True),
        ("eu.gcr.io/p/app", True),
        ("us-docker.pkg.dev/p/r/app", True),
        ("quay.io/org/app", False),
        ("notghcr.io/org/app", False),
        ("docker.pkg.github.com/org/repo/app", False),
        ("registry.k8s.io/pause", False),
        ("public.ecr.aws/nginx/nginx", False),
    ],
)
def test_what_cloud_run_pulls_by_itself(text, direct):
    assert is_pulled_directly(parse_image(text).host) is direct


@pytest.mark.parametrize(
    "text",
    ["redis", "redis:7", "org/app_name:v1.2-RC", "localhost/app", "localhost:5000/a/b:c", f"gcr.io/p/app:1@{DIGEST}", "registry:5000/team/app", "a.b/c__d/e--f"],
)  # fmt: skip
def test_references(text):
    assert is_reference(text)
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        "ko://github.com/acme/hook/cmd/hook", "${REGISTRY}/cart", "$IMAGE", "IMAGE_NAME", "<YOUR-CONTAINER>", "{{ .Values.image }}", "gcr.io/<<PROJECT>>/jax/hello:latest",
        "us-central1-docker.pkg.dev/PROJECT_ID/models/t5", "REGION-docker.pkg.dev/p/r/app", "app:", "app@sha256:123", "a b", "", "https://gcr.io/p/app", "gcr.io/p/app:TAG:2",
        "gcr.io/gke-release/slurmd:IMAGE_TAG", "docker.io/acme/__NAME__", "docker.io/acme/app:@@TAG@@", "%IMAGE%", "app:${TAG:-latest}", "-app",
    ],
)  # fmt: skip
def test_what_names_no_image(text):
    assert is_placeholder(text)
