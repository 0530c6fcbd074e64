"""Generated assessments: names, values and paths that break naive quoting, in every combination of fields that render writes.

Covers: 1 to 4 containers, up to 100 variables each (literal, secret, redacted), command and args with references, probes of
all kinds, in-memory, NFS, Cloud Storage and secret volumes, sub paths, working directories, start-up order, egress, IAP.
"""

from __future__ import annotations

from hypothesis import strategies as st

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.cloud_run import ContainerProbes
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.workload import Container, EnvVar, Volume
from tests.rendering.factory import SPEC, assessed, container, env, exposure, probe, route, volume, workload

NASTY = [
    "", "a,b", "=", "a=b", "$HOME", "`x`", '"q"', "it's", "new\nline", "tab\t", "cr\r\n", "日本語 😀", "#c", "^x^y", "^", "|@#;~%!,", "@@", "-flag", "--x=1,2", " lead",
    " trail ", "\\", "\\n", "$$", "$(A)", "$(S0)", '{"a": [1,2]}', "true", "null", "1", "1.0", "~", "!x", "*a", "&a", "%x", "@x", "a: b", "- a", "\x07", "\x7f",
    "\u2028", "\xa0", "\ufeff", "a,", "~~0~~", "YES", "1:20", "|", "---", "C:\\path", "!!python/x", "x" * 2000,
]  # fmt: skip
values = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30
)
names = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True) | st.sampled_from(
    ["true", "null", "n", "y", "x" * 60]
)
env_names = st.sampled_from(["A", "B", "PORT", "a.b", "x-y", "_", "K_SERVICE", "TRUE", "on"]) | st.from_regex(
    r"[A-Za-z_][A-Za-z0-9_.-]{0,30}", fullmatch=True
)


@st.composite
def variables(draw: st.DrawFn) -> tuple[EnvVar, ...]:
    found = {
        n: env(n, draw(values)) for n in draw(st.lists(env_names, max_size=draw(st.sampled_from([0, 3, 10, 100]))))
    }
    for index in range(draw(st.integers(0, 3))):
        name = f"S{index}"
        found[name] = draw(
            st.sampled_from(
                [
                    env(name, None, source="secret", ref="my.secret", key=f"k.{index}"),
                    env(name, "<redacted>", source="redacted"),
                ]
            )
        )
    return tuple(found.values())


@st.composite
def volumes(draw: st.DrawFn) -> tuple[Volume, ...]:
    kinds = [
        volume(
            "cache",
            "emptyDir",
            draw(st.sampled_from([{}, {"medium": "Memory", "sizeLimit": "100M"}, {"sizeLimit": "10Gi"}])),
        ),
        volume("nfs", "nfs", {"server": "10.0.0.1", "path": "/x,y"}, at=1),
        volume("gcs", "csi", {"driver": "gcsfuse.csi.storage.gke.io", "volumeAttributes": {"bucketName": "b"}}, at=2),
    ]
    rare = volume(
        "n",
        "secret",
        {"secretName": "tls", "items": [{"key": "tls.crt", "path": "a"}, {"key": "tls.key", "path": "b/c"}]},
        at=3,
    )
    found = [v for v in kinds if draw(st.integers(0, 3)) == 0]
    return tuple(found + ([rare] if draw(st.integers(0, 9)) == 0 else []))


@st.composite
def probes(draw: st.DrawFn, port: int) -> ContainerProbes:
    path = draw(st.sampled_from(["/", "/a,b?x=y&z", "/日本", "/h c", "/$x"]))
    headers = [("X-Check", "y")] if draw(st.integers(0, 19)) == 0 else []
    startup = draw(st.none() | st.sampled_from(["http", "grpc", "tcp"]))
    liveness = draw(st.none() | st.sampled_from(["http", "grpc"]))
    return ContainerProbes(
        probe(startup, port, path=path, headers=headers if startup == "http" else []) if startup else None,
        probe(liveness, port, period=30, failures=3, path=path) if liveness else None,
        "startupProbe",
    )


@st.composite
def containers(draw: st.DrawFn, at: int, name: str, mounted: tuple[Volume, ...]) -> Container:
    rare = draw(st.integers(0, 19))
    return container(
        name,
        at=at,
        env=draw(variables()),
        command=tuple(draw(st.lists(values, max_size=2))),
        args=tuple(draw(st.lists(values, max_size=4))),
        mounts=[
            {"volume": v.name, "mount_path": f"/m/{v.name}{draw(st.sampled_from(['', ' sp', 'é', '=,x']))}"}
            for v in mounted
        ],
        working_dir="/x" if rare == 0 else None,
    )


@st.composite
def services(draw: st.DrawFn) -> WorkloadAssessment:
    """A workload that becomes a service."""
    mounted = draw(volumes())
    chosen = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    made = [draw(containers(i, n, mounted)) for i, n in enumerate(chosen)]
    subject = workload(
        *made,
        name=draw(names),
        volumes=mounted,
        labels={"app": "x", "a.b/c": "d", "Up": "x", "empty": ""},
        exposures=(exposure("s", 8080, routes=[route("h.example.com", "/", "s")]),) if draw(st.booleans()) else (),
    )
    calls = Dependency("a", "b", "grpc", True, "be", "shop", 5, "env A", f"{SPEC}.containers[0].env[0]")
    return assessed(
        subject,
        probes={n: draw(probes(9000 + i)) for i, n in enumerate(chosen)},
        depends_on={chosen[0]: tuple(chosen[1:2])} if len(chosen) > 1 and draw(st.booleans()) else {},
        h2c=draw(st.booleans()),
        dependencies=[calls] if draw(st.booleans()) else [],
        min_instances=draw(st.integers(0, 2)),
        billing=draw(st.sampled_from(["request", "instance"])),
        cpu_boost=draw(st.booleans()),
        execution_environment=draw(st.sampled_from(["gen1", "gen2"])),
    )
