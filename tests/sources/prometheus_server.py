"""A real Prometheus on the loopback, filled with made-up counters by its own tool."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

INSTALLED = shutil.which("prometheus") is not None and shutil.which("promtool") is not None


class Recorder:
    """Samples by metric family, as OpenMetrics text."""

    def __init__(self):
        self.families = {}

    def add(self, family, kind, suffix, labels, second, value):
        text = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
        self.families.setdefault((family, kind), []).append((f"{family}{suffix}{{{text}}}", second, value))

    def write(self, path):
        with path.open("w", encoding="utf-8") as stream:
            for (family, kind), samples in sorted(self.families.items()):
                stream.write(f"# TYPE {family} {kind}\n")
                for name, second, value in sorted(samples):
                    stream.write(f"{name} {value!r} {second}\n")
            stream.write("# EOF\n")


@contextmanager
def serving_prometheus(recorder, folder, *arguments):
    """Its address, while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    text, data, config = folder / "data.txt", folder / "tsdb", folder / "prometheus.yml"
    recorder.write(text)
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(data)]
    subprocess.run(command, check=True, capture_output=True)
    config.write_text("global: {scrape_interval: 1h}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}", f"--web.listen-address={address}",
         "--storage.tsdb.retention.time=20y", "--log.level=error", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://{address}/-/ready", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=30)
