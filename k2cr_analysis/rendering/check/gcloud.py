"""The real gcloud, led to a loopback endpoint: no login, no network, the user's own configuration untouched."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from k2cr_analysis.errors import UsageError
from k2cr_analysis.platforms.cloud_run.gcloud_flags import major_version
from k2cr_analysis.rendering.check.loopback import Loopback, Tree, loopback
from k2cr_analysis.rendering.text.values import KEEP

PROJECT = "k2cr-check"
REGION = "us-central1"
TIMEOUT_S = 120
_HOST = "http://run.test/"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command sent to the endpoint, and what it said where it failed."""

    sent: Tree | None
    failure: str | None


@dataclass
class Gcloud:
    """Runs commands against one endpoint."""

    endpoint: Loopback
    environment: Mapping[str, str]

    def run(self, command: Sequence[str], folder: Path) -> Outcome:
        self.endpoint.forget()
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode or not self.endpoint.sent:
            said = " ".join((done.stderr or done.stdout).split())[-400:]
            return Outcome(None, f"exits {done.returncode}: {said}")
        return Outcome(self.endpoint.sent[-1], None)


def installed_version() -> int:
    """The major version of the gcloud on PATH, ``528``. ``UsageError`` where there is none, or it does not say."""
    _require()
    told = subprocess.run(["gcloud", "version", "--format=value('Google Cloud SDK')"], capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)  # fmt: skip
    version = major_version(told.stdout)
    if version is None:
        raise UsageError(
            ref="gcloud-does-not-tell-its-version",
            found=" ".join((told.stdout or told.stderr).split())[:200] or "nothing",
            expected="a version such as 588.0.0",
            do="give it: --gcloud 588",
        )
    return version


def _require() -> None:
    if shutil.which("gcloud") is None:
        raise UsageError(
            ref="gcloud-not-found",
            found="no gcloud on PATH",
            expected="the Google Cloud CLI, for --check and --gcloud installed",
            do="install it, or leave them out",
        )


@contextmanager
def gcloud() -> Iterator[Gcloud]:
    """A gcloud on a loopback endpoint of its own. ``UsageError`` where gcloud is not installed."""
    _require()
    with tempfile.TemporaryDirectory(prefix="k2cr-gcloud-") as config, loopback() as endpoint:
        yield Gcloud(endpoint, _environment(config, endpoint.port))


def _environment(config: str, port: int) -> Mapping[str, str]:
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith("CLOUDSDK_") and k.lower() not in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    }
    proxy = f"http://127.0.0.1:{port}"
    return kept | {
        "PROJECT": PROJECT,
        "REGION": REGION,
        KEEP: "keep",
        "CLOUDSDK_CONFIG": config,
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_RUN_REGION": REGION,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API": "false",
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": _HOST,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE": _HOST,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM": _HOST,
        "CLOUDSDK_PROXY_TYPE": "http_no_tunnel",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": str(port),
        "http_proxy": proxy,
        "NO_GCE_CHECK": "true",
    }
