"""SIGKILL at every moment of a verb that writes: what it writes is the old or the new, whole, and never neither.

A moment is between two calls that touch a file below the test's folder, as Python's audit hooks tell them.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot

KILLER = """
import atexit, os, pathlib, sys
at, root, counted, exchange = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "exchange"
del sys.argv[1:5]
seen = 0
TOUCH = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate", "ctypes.dlsym")
def hook(event, args):
    global seen
    if event in TOUCH and (event == "ctypes.dlsym" and args[1] == "renameat2" or any(root in str(a) for a in args)):
        seen += 1
        if seen == at:
            os.kill(os.getpid(), 9)
from k2cr_analysis import atomic
if not exchange:
    atomic._exchanged = lambda one, other: False
sys.addaudithook(hook)
atexit.register(lambda: pathlib.Path(counted).write_text(str(seen)))
from k2cr_analysis.cli import main
main()
"""


def k2cr(root, words, at=0, exchange=True, **more):
    """(exit code, moments) of a run that is killed at moment ``at``, or ends by itself."""
    counted = root.parent / f"{root.name}.count"
    how = "exchange" if exchange else "two renames"
    command = [sys.executable, "-c", KILLER, str(at), str(root), str(counted), how, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)
    moments = int(counted.read_text()) if done.returncode != -signal.SIGKILL else 0
    counted.unlink(missing_ok=True)
    return done, moments


def state(path):
    """What stands at a path: its files and their bytes, or nothing."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        str(f.relative_to(path)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(path.rglob("*"))
        if f.is_file()
    }


def manifest(replicas, name="web"):
    container = {"name": "web", "image": f"a.example/web:{replicas}", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    service = {"selector": {"a": "b"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    named = {"name": name, "namespace": "shop"}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": named, "spec": service},
    ]


@pytest.fixture
def there(tmp_path):
    """(root, words of collect by replicas): two inputs, and a place."""
    root = tmp_path / "root"
    root.mkdir()
    for replicas, name in ((1, "web"), (2, "web"), (3, "api")):
        items = {"apiVersion": "v1", "kind": "List", "items": manifest(replicas, name)}
        (tmp_path / f"{replicas}.json").write_text(json.dumps(items))

    def words(replicas, out=root / "s", *more):
        return ("collect", "--manifests", tmp_path / f"{replicas}.json", "--end", "2026-03-03", "--out", out, *more)

    return root, words


def moments_of(total, most):
    """Spread over a run; all of them where there are few."""
    return sorted({1 + number * (total - 1) // max(most - 1, 1) for number in range(min(most, total))})


def old_or_new(root, target, begin, go_on, kills, exchange=True):
    """Kills ``go_on`` at so many moments over what ``begin`` wrote; gives how often the old and the new stood."""
    assert k2cr(root, begin)[0].returncode in (0, 5)
    old = state(target)
    done, total = k2cr(root, go_on, exchange=exchange)
    assert done.returncode in (0, 5), done.stderr
    new = state(target)
    assert old != new and new
    found = {"old": 0, "new": 0}
    for at in moments_of(total, kills):
        assert k2cr(root, begin)[0].returncode in (0, 5)
        killed, _ = k2cr(root, go_on, at, exchange)
        assert killed.returncode == -signal.SIGKILL
        stands = state(_standing(target))
        assert stands in (old, new), f"neither, at moment {at} of {total}"
        found["old" if stands == old else "new"] += 1
    assert k2cr(root, go_on)[0].returncode in (0, 5)
    assert state(target) == new
    left = [one.name for one in target.parent.iterdir() if one.name.startswith(".") and "partial" in one.name]
    assert not left or target.is_file(), left
    return found


def _standing(target):
    from k2cr_analysis.atomic import standing

    return standing(target)


def test_a_snapshot_that_is_killed_while_it_is_replaced_is_the_old_or_the_new(there):
    root, words = there
    found = old_or_new(root, root / "s", words(1), words(2), kills=3)
    assert sum(found.values()) == 3


@pytest.mark.soak
@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "two renames"])
def test_collect_at_fifty_random_times(there, exchange, record_property):
    """Any time from the first file on: in the middle of a table, of a flush, of the renames, of the cleaning up."""
    root, words = there
    table = ("--usage", bundled("data", "demo") / "usage" / "part-0.parquet")
    one, two = (words(n, root / "s", *table) for n in (1, 2))
    assert k2cr(root, two)[0].returncode == 0
    new = state(root / "s")
    begun = time.monotonic()
    running = begin_of(root, two, exchange)
    last_s = time.monotonic()
    assert running.wait() == 0
    last_s = time.monotonic() - last_s
    assert time.monotonic() - begun > last_s
    draw, found = random.Random(17), {"old": 0, "new": 0}
    assert k2cr(root, one)[0].returncode == 0
    old = state(root / "s")
    for _ in range(50):
        running = begin_of(root, two, exchange)
        time.sleep(draw.random() * last_s)
        running.kill()
        running.wait()
        stands = state(_standing(root / "s"))
        assert stands in (old, new)
        found["old" if stands == old else "new"] += 1
        if stands == new:
            assert k2cr(root, one)[0].returncode == 0
    record_property("stood", found)
    assert k2cr(root, two)[0].returncode == 0
    assert [p.name for p in root.iterdir()] == ["s"] and state(root / "s") == new


def begin_of(root, words, exchange):
    """A run, as soon as it has begun to write."""
    how = "exchange" if exchange else "two renames"
    command = [sys.executable, "-c", KILLER, "0", str(root), str(root.parent / "count"), how, *map(str, words)]
    before = set(root.iterdir())
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and not set(root.iterdir()) - before:
        time.sleep(0.001)
    return running


@pytest.mark.soak
@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "two renames"])
def test_collect_between_its_calls(there, exchange, record_property):
    root, words = there
    found = old_or_new(root, root / "s", words(1), words(2), kills=50, exchange=exchange)
    record_property("stood", found)
    assert open_snapshot(root / "s").provenance.rows["objects"] == 2


@pytest.mark.soak
@pytest.mark.parametrize("verb", ["assess", "plan"])
def test_a_file_of_out_at_its_moments(there, verb, record_property):
    root, words = there
    assert all(k2cr(root, words(n, root / f"s{n}"))[0].returncode == 0 for n in (1, 3))
    out = root / "o.json"
    one, two = ((verb, root / f"s{n}", "--format", "json", "--out", out) for n in (1, 3))
    found = old_or_new(root, out, one, two, kills=10)
    record_property("stood", found)


@pytest.mark.soak
@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "two renames"])
def test_render_at_its_moments(there, exchange, record_property):
    root, words = there
    assert all(k2cr(root, words(n, root / f"s{n}"))[0].returncode == 0 for n in (1, 2))
    one, two = (
        ("render", root / f"s{n}", "--out", root / "files", "--project", "p", "--region", "europe-west1")
        for n in (1, 2)
    )
    folder = root / "files" / "shop--deployment--web"
    found = old_or_new(root, folder, one, two, kills=15, exchange=exchange)
    record_property("stood", found)


@pytest.mark.soak
def test_report_at_its_moments(there, record_property):
    """A page is whole: the old or the new one; the index and its pages need not be of one run."""
    root, words = there
    assert all(k2cr(root, words(n, root / f"s{n}"))[0].returncode == 0 for n in (1, 2))
    one, two = (("report", root / f"s{n}", "--out", root / "pages") for n in (1, 2))
    states = []
    for go in (one, two):
        assert k2cr(root, go)[0].returncode in (0, 5)
        states.append(state(root / "pages"))
    _, total = k2cr(root, two)
    for at in moments_of(total, 8):
        assert k2cr(root, one)[0].returncode in (0, 5)
        killed, _ = k2cr(root, two, at)
        assert killed.returncode == -signal.SIGKILL
        for name, digest in state(root / "pages").items():
            if not any(part.startswith(".") for part in Path(name).parts):
                assert digest in [s.get(name) for s in states], f"{name} is neither, at {at} of {total}"
    record_property("moments", total)


@pytest.mark.soak
def test_two_writers_of_one_snapshot_leave_one_of_the_two(there):
    root, words = there
    for _ in range(5):
        command = [sys.executable, "-c", "from k2cr_analysis.cli import main; main()"]
        both = [
            subprocess.Popen([*command, *map(str, words(n))], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for n in (1, 2)
        ]
        codes = [one.wait(timeout=120) for one in both]
        assert 0 in codes and set(codes) <= {0, 2}, [one.stderr.read() for one in both]
        assert open_snapshot(root / "s").provenance.rows["objects"] == 2
        assert [p.name for p in root.iterdir()] == ["s"]


@pytest.mark.soak
@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no second file system")
def test_a_folder_on_another_file_system_is_replaced_too(there, record_property):
    import tempfile

    _, words = there
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        root = Path(other) / "root"
        root.mkdir()
        found = old_or_new(root, root / "s", words(1, root / "s"), words(2, root / "s"), kills=10)
        record_property("stood", found)


@pytest.mark.soak
def test_a_full_disk_leaves_the_old_file_and_says_so(there):
    root, words = there
    assert k2cr(root, words(1))[0].returncode == 0
    out, before = root / "o.json", root / "s"
    assert k2cr(root, ("assess", before, "--format", "json", "--out", out))[0].returncode == 0
    kept = state(out), state(before)

    def full(limit):
        return lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )

    for limit in (64, 128, 256):
        for verb in (words(3), ("assess", before, "--format", "json", "--out", out)):
            done, _ = k2cr(root, verb, preexec_fn=full(limit))
            assert done.returncode == 3 and "disk-full" in done.stderr, done.stderr
            assert (state(out), state(before)) == kept
