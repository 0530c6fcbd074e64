"""References to images are taken apart by the grammar of distribution/reference, and written as they were."""

import pytest

from k2cr_analysis.platforms.images import parse_image

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
