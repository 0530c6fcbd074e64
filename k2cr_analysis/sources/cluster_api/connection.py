"""One API server: who we are to it (kubeconfig or in-cluster), and a GET that bears its faults.

The transport (TLS, client certificates, proxies, tokens and the programs that make them) is that of the official
client; the answers are parsed as plain JSON, since its object tree takes ten times as long and loses unknown fields.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import yaml

from k2cr_analysis.errors import InputError, Location, RemoteError, UsageError
from k2cr_analysis.remote.clients import KUBERNETES, require
from k2cr_analysis.remote.endpoints import is_loopback
from k2cr_analysis.remote.google_errors import PASSING_STATUSES
from k2cr_analysis.sources.retry import Busy, RetryPolicy

IN_CLUSTER: Final = "in-cluster"
_GKE_PLUGIN: Final = "gke-gcloud-auth-plugin"
# Connecting, and the longest silence within an answer.
_TIMEOUT_S: Final = (10.0, 60.0)
_UNAUTHORIZED: Final = 401
_CERTIFICATE_REFUSED: Final = "CERTIFICATE_VERIFY_FAILED"
# A program or a file that gives the token may still give the old one for a moment.
_RENEWALS: Final = 3


class Refused(Exception):  # noqa: N818 (an answer of the server, of which some are expected)
    """An answer other than 200 that waiting does not change; ``status_object`` is the server's ``Status``."""

    def __init__(self, status: int, message: str, status_object: Mapping[str, Any]) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.status_object = status_object


class StaysBusy(RemoteError):  # noqa: N818 (an answer of the server, as Refused)
    """The server answers, and each time that it cannot: the rest of it may well be read."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """``status`` is None where there was none; ``asked_s``: how long the server asks to wait; ``trouble`` in words."""

    status: int | None
    body: bytes
    trouble: str
    asked_s: float | None = None


class ApiServer:
    """The API server of one kubeconfig context; the context ``in-cluster`` is the pod's own service account."""

    def __init__(self, context: str, kubeconfig: str | None = None, retry: RetryPolicy | None = None) -> None:
        self._context = context
        self._kubeconfig = kubeconfig
        self._retry = retry or RetryPolicy()
        require(KUBERNETES)
        self._connect()

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """The JSON object at a path.

        ``Refused`` for an answer that waiting does not change; ``StaysBusy`` where the server answers, but always that
        it is busy; ``RemoteError`` where it cannot be reached, or does not take the credentials even after they were
        made anew.
        """
        renewals = 0

        def attempt() -> dict[str, Any]:
            nonlocal renewals
            answer = self._once(path, query)
            if answer.status == _UNAUTHORIZED and renewals < _RENEWALS:
                renewals += 1
                self._connect()
                if renewals == 1:
                    return attempt()
            elif answer.status == 200:
                if answer.body.lstrip()[:1] == b"<":
                    raise self._a_page(answer.body)
                found, trouble = _parsed(answer.body)
                if found is not None:
                    return found
                answer = _Answer(200, b"", trouble)
            elif answer.status is not None and answer.status not in PASSING_STATUSES:
                raise self._refusal(answer)
            raise Busy(answer.trouble, answer.asked_s, answer)

        try:
            return self._retry.run(attempt)
        except Busy as busy:
            raise self._gone(path, busy.answer, busy.tries) from None

    def _once(self, path: str, query: Mapping[str, str | int] | None) -> _Answer:
        import urllib3
        from kubernetes.client.exceptions import ApiException

        url = f"{self._client.configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            transport: Any = self._client.rest_client
            reply = transport.request("GET", url, headers=self._headers(), _request_timeout=_TIMEOUT_S)
            body = reply.response.data
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return _Answer(None, b"", f"{type(error).__name__}: {error}")
        except ApiException as error:  # the client's own wrapping of a failed TLS handshake
            said = " ".join(str(error.reason).split())
            if _CERTIFICATE_REFUSED in said:
                raise self._no_trust(said) from None
            return _Answer(None, b"", said)
        said = _message(body)
        trouble = f"{reply.status} {reply.reason}" + (f": {said}" if said else "")
        asked_s = _wait_asked_s(reply.getheader("Retry-After"), reply.getheader("Date"))
        return _Answer(reply.status, body, trouble, asked_s)

    def _no_trust(self, said: str) -> RemoteError:
        return RemoteError(
            ref="cluster-certificate",
            found=f"{self._client.configuration.host}: {said}",
            expected="the certificate that the kubeconfig's certificate-authority-data vouches for",
            do="gcloud container clusters get-credentials CLUSTER --location=L",
        )

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "k2cr"}
        for setting in self._client.configuration.auth_settings().values():
            if setting["in"] == "header" and setting["value"]:
                headers[setting["key"]] = setting["value"].strip()  # a token's file ends with a line break
        return headers

    def _connect(self) -> None:
        """Read the kubeconfig (again): programs that make tokens are run, files that hold them are read."""
        from kubernetes.client import ApiClient

        configuration = _configuration(self._context, self._kubeconfig)
        configuration.retries = False  # ours are counted, and wait as long as the server asks
        self._client = ApiClient(configuration)

    def _refusal(self, answer: _Answer) -> Exception:
        said = _message(answer.body)
        if answer.status != _UNAUTHORIZED:
            parsed, _ = _parsed(answer.body)
            return Refused(answer.status or 0, said, parsed or {})
        return RemoteError(
            ref="cluster-credentials",
            found=f"401 Unauthorized from {self._client.configuration.host}" + (f": {said}" if said else ""),
            expected=f"credentials of the context {self._context} that the cluster takes",
            do="run `gcloud auth login`, then `gcloud container clusters get-credentials CLUSTER --location=L`",
        )

    def _a_page(self, body: bytes) -> RemoteError:
        title = re.search(rb"<title[^>]*>([^<]{1,80})", body, re.IGNORECASE)
        named = f' ("{title[1].decode(errors="replace").strip()}")' if title else ""
        return RemoteError(
            ref="cluster-answers-a-page",
            found=f"{self._client.configuration.host}: a web page{named} in place of the Kubernetes API",
            expected="the API's JSON: a proxy or a login page stands between",
            do=f"{self._check()}; NO_PROXY={self._host} goes past a proxy",
        )

    @property
    def _host(self) -> str:
        return urlsplit(self._client.configuration.host).hostname or ""

    def _check(self) -> str:
        return f"see that `kubectl --context {self._context} get nodes` works here, then run the same command again"

    def _way_there(self) -> str:
        """What can be done where nobody answers at all."""
        if not _is_private(self._host):
            return self._check()
        return (
            f"{self._host} is a private address: bring the VPN up, or go by the cluster's DNS endpoint: "
            f"gcloud container clusters get-credentials CLUSTER --location=L --dns-endpoint; {self._check()}"
        )

    def _gone(self, path: str, answer: _Answer, tries: int) -> Exception:
        if answer.status == _UNAUTHORIZED:
            return self._refusal(answer)
        kind = RemoteError if answer.status is None else StaysBusy
        return kind(
            ref="cluster-not-answering",
            found=f"{self._client.configuration.host}{path}: {answer.trouble}, {tries} times",
            expected="an answer of the Kubernetes API",
            do=self._way_there() if answer.status is None else self._check(),
        )


def current_context(kubeconfig: str | None) -> str | None:
    """The kubeconfig's own choice; None where there is no kubeconfig, or it has made none."""
    require(KUBERNETES)
    config = _config_module()
    try:
        return str(config.list_kube_config_contexts(kubeconfig)[1]["name"])
    except (config.ConfigException, OSError, TypeError, KeyError):
        return None


def contexts_of(kubeconfig: str | None) -> list[str]:
    """The names of a kubeconfig's contexts, with or without a current one; none where there is no kubeconfig."""
    files = kubeconfig or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    names: set[str] = set()
    for file in files.split(os.pathsep):
        try:
            document = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        found = document.get("contexts") if isinstance(document, dict) else None
        names |= {str(one["name"]) for one in found or () if isinstance(one, dict) and "name" in one}
    return sorted(names)


def _configuration(context: str, kubeconfig: str | None) -> Any:
    from kubernetes.client import Configuration

    config = _config_module()
    configuration = Configuration()
    said = _Heard()
    logging.getLogger().addHandler(said)
    try:
        if context == IN_CLUSTER and kubeconfig is None:
            config.load_incluster_config(client_configuration=configuration)
        else:
            # The file is the user's own: a token that was made anew is not written into it.
            config.load_kube_config(kubeconfig, context, client_configuration=configuration, persist_config=False)
    except config.ConfigException as error:
        raise _no_context(context, kubeconfig, str(error)) from None
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError, ValueError) as error:
        raise InputError(
            ref="not-a-kubeconfig",
            where=Location(kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"),
            found=str(error).splitlines()[0] or type(error).__name__,
            expected="a kubeconfig, as `gcloud container clusters get-credentials` writes it",
            do="name another with --kubeconfig; see that `kubectl config get-contexts` works with it",
        ) from None
    except OSError as error:
        raise InputError(
            ref="cannot-read",
            where=Location(kubeconfig or error.filename),
            found=str(error.strerror or error),
            expected="a kubeconfig",
            do="check --kubeconfig, or the variable KUBECONFIG",
        ) from None
    finally:
        logging.getLogger().removeHandler(said)
    if said.messages and not configuration.api_key:
        raise _no_token(said.messages[0])
    if is_loopback(urlsplit(configuration.host).hostname or "") and getattr(configuration, "_proxy_from_env", False):
        configuration.proxy = None  # as kubectl: a proxy of the environment is not for this machine itself
    return configuration


class _Heard(logging.Handler):
    """The client logs why a program that makes tokens failed, and goes on without a token."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _no_token(said: str) -> RemoteError:
    """The program that the kubeconfig names for tokens is missing, or has failed."""
    lines = [line.strip() for line in said.removeprefix("exec: ").splitlines() if line.strip()]
    missing = re.search(r"No such file or directory: '([^']+)'", said)
    if missing:
        found, do = f"no program {missing[1]}", f"install {missing[1]}, or put it on the PATH"
        if missing[1].endswith(_GKE_PLUGIN):
            do = (
                f"gcloud components install {_GKE_PLUGIN}, or apt-get install google-cloud-cli-{_GKE_PLUGIN}; "
                "then see that kubectl get nodes works here"
            )
    else:
        found = f"the program that the kubeconfig names for credentials failed: {'; '.join(lines[:3])}"
        do = "gcloud auth login, and see that kubectl get nodes works here"
    return RemoteError(ref="cluster-no-token", found=found, expected="a token for the cluster", do=do)


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private and not is_loopback(host)
    except ValueError:
        return False


def _config_module() -> Any:
    """The client's own reader of kubeconfigs, which has no types."""
    from kubernetes import config

    return config


def _no_context(context: str, kubeconfig: str | None, said: str) -> UsageError:
    known = contexts_of(kubeconfig)
    # The client calls the whole file invalid where only the name is not in it.
    why = "" if known and context not in known else said.splitlines()[0] if said else ""
    make = "gcloud container clusters get-credentials CLUSTER --location=L --project=P"
    return UsageError(
        ref="no-such-context",
        where=Location(kubeconfig) if kubeconfig else None,
        found=f"--context {context}: {why}" if why else f"--context {context}, which the kubeconfig does not have",
        expected=", ".join(known) or "a kubeconfig with this context",
        do=f"name one of these, or make it: {make}" if known else f"make it: {make}; or name another --kubeconfig",
    )


def _parsed(body: bytes) -> tuple[dict[str, Any] | None, str]:
    try:
        found = json.loads(body)
    except ValueError as error:
        return None, f"an answer that is not whole JSON ({error})"
    return (found, "") if isinstance(found, dict) else (None, "an answer that is no JSON object")


def _message(body: bytes) -> str:
    parsed, _ = _parsed(body)
    return str((parsed or {}).get("message") or "") if parsed is None or parsed.get("kind") == "Status" else ""


def _wait_asked_s(retry_after: str | None, date: str | None) -> float | None:
    """``Retry-After`` in seconds; as a time it counts from the server's own ``Date``, for our clock may be off."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - parsedate_to_datetime(date or "")).total_seconds())
    except (ValueError, TypeError):
        return None
