"""A Kubernetes API server on the loopback: discovery, paged lists, tables for kubectl, and faults on demand."""

from __future__ import annotations

import gzip
import json
import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import yaml

# plural -> (apiVersion, kind, namespaced)
KINDS = {
    "pods": ("v1", "Pod", True),
    "nodes": ("v1", "Node", False),
    "namespaces": ("v1", "Namespace", False),
    "services": ("v1", "Service", True),
    "configmaps": ("v1", "ConfigMap", True),
    "secrets": ("v1", "Secret", True),
    "deployments": ("apps/v1", "Deployment", True),
    "horizontalpodautoscalers": ("autoscaling/v2", "HorizontalPodAutoscaler", True),
    "managedcertificates": ("networking.gke.io/v1", "ManagedCertificate", True),
    "frontendconfigs": ("networking.gke.io/v1beta1", "FrontendConfig", True),
}
# Older versions that are served beside those above.
ALSO_SERVED = {"autoscaling/v1": ["horizontalpodautoscalers"], "autoscaling/v2beta2": ["horizontalpodautoscalers"],
               "networking.gke.io/v1beta1": ["managedcertificates"]}  # fmt: skip


class Cluster:
    """The objects by plural, the calls that were made, and the faults to answer with: path -> list of faults."""

    def __init__(self, objects):
        self.objects = {plural: [o for o in objects if o["kind"] == kind] for plural, (_, kind, _) in KINDS.items()}
        self.calls = []
        self.faults = defaultdict(list)
        self.forbidden = set()
        self.tokens = None  # the bearer tokens that are taken; None: no token is asked for
        self.lock = threading.Lock()
        self.url = ""
        self.page = None  # what a proxy answers in its place
        self.form = "plain"  # how answers are sent: gzip, chunked, no length

    def served_as(self, version):
        return self.resource_lists()[version]

    def resource_lists(self):
        lists = defaultdict(dict)
        for plural, (version, kind, namespaced) in KINDS.items():
            lists[version][plural] = (kind, namespaced)
        for version, plurals in ALSO_SERVED.items():
            for plural in plurals:
                lists[version][plural] = KINDS[plural][1:]
        return lists

    def kubeconfig(self, path, token="right", user=None, authority=None):
        cluster = {"server": self.url} | ({"certificate-authority": authority} if authority else {})
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "gke_proj_europe-west1_shop",
            "contexts": [{"name": "gke_proj_europe-west1_shop", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user or {"token": token}}],
        }
        path.write_text(yaml.safe_dump(config))
        return str(path)


@contextmanager
def serving(cluster, tls=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"cluster": cluster}))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    cluster.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        with self.cluster.lock:
            self.cluster.calls.append((parts.path, query))
            fault = self.cluster.faults[parts.path].pop(0) if self.cluster.faults[parts.path] else None
        if self.cluster.page is not None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.cluster.page)))
            self.end_headers()
            return self.wfile.write(self.cluster.page)
        taken = self.cluster.tokens
        if taken is not None and self.headers.get("Authorization", "").removeprefix("Bearer ") not in taken:
            return self.status(401, "Unauthorized")
        if callable(fault):
            fault(self.cluster)
        elif isinstance(fault, tuple):
            return self.status(*fault)
        elif fault == "cut":
            return self.cut()
        return self.answer(parts.path, query)

    def cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b'{"kind": "PodList", "items": [')
        self.close_connection = True

    def status(self, code, message, headers=(), token=None):
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code,
                "metadata": {"continue": token} if token else {}}  # fmt: skip
        self.send(body, code, dict(headers))

    def send(self, body, code=200, headers=()):
        data = json.dumps(body).encode()
        form = self.cluster.form
        self.send_response_only(code)
        for name, value in ({"Date": self.date_time_string()} | dict(headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        if form == "gzip":
            data = gzip.compress(data)
            self.send_header("Content-Encoding", "gzip")
        if form == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            data = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (data[:7], data[7:])) + b"0\r\n\r\n"
        elif form == "no length":
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer(self, path, query):
        steps = [step for step in path.split("/") if step]
        lists = self.cluster.resource_lists()
        if path == "/api":
            return self.send({"kind": "APIVersions", "apiVersion": "v1", "versions": ["v1"]})
        if path == "/apis":
            return self.send(self.groups(lists))
        if len(steps) < 2 or steps[0] not in ("api", "apis"):
            return self.status(404, "the server could not find the requested resource")
        version = "/".join(steps[1:3]) if steps[0] == "apis" else steps[1]
        rest = steps[3:] if steps[0] == "apis" else steps[2:]
        if version not in lists:
            return self.status(404, "the server could not find the requested resource")
        if not rest:
            resources = [
                {
                    "name": plural,
                    "singularName": kind.lower(),
                    "kind": kind,
                    "namespaced": namespaced,
                    "verbs": ["get", "list"],
                }
                for plural, (kind, namespaced) in lists[version].items()
            ]
            resources += (
                [{"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]}] if version == "v1" else []
            )
            return self.send(
                {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
            )
        namespace = rest.pop(1) if rest[0] == "namespaces" and len(rest) > 2 else None
        rest = rest[1:] if namespace else rest
        return self.listed(rest[0], version, namespace, query)

    @staticmethod
    def groups(lists):
        groups = defaultdict(list)
        for version in lists:
            if "/" in version:
                groups[version.partition("/")[0]].append(
                    {"groupVersion": version, "version": version.partition("/")[2]}
                )
        # The preferred version is not the newest one, on purpose.
        found = [
            {"name": name, "versions": versions, "preferredVersion": versions[-1]} for name, versions in groups.items()
        ]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}

    def listed(self, plural, version, namespace, query):
        if plural in self.cluster.forbidden:
            return self.status(403, f'{plural} is forbidden: User "reader" cannot list resource "{plural}"')
        if plural not in self.cluster.served_as(version):
            return self.status(404, "the server could not find the requested resource")
        kind = KINDS[plural][1]
        objects = [o for o in self.cluster.objects[plural] if namespace in (None, o["metadata"].get("namespace"))]
        start = int(query.get("continue") or 0)
        limit = int(query.get("limit") or len(objects) or 1)
        page = objects[start : start + limit]
        more = str(start + limit) if start + limit < len(objects) else ""
        items = [{k: v for k, v in o.items() if k not in ("apiVersion", "kind")} for o in page]
        return self.send({"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "7", "continue": more}, "items": items})  # fmt: skip
