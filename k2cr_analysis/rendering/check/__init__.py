"""``render --check``: both forms of a folder go to the real gcloud, and what it would have created is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from k2cr_analysis.rendering.check.compare import comparable, differences
from k2cr_analysis.rendering.check.gcloud import PROJECT, REGION, Gcloud, gcloud

__all__ = ["Checked", "check_folders"]

_REPLACE = {
    "service.yaml": ["gcloud", "run", "services", "replace", "service.yaml", f"--region={REGION}"],
    "job.yaml": ["gcloud", "run", "jobs", "replace", "job.yaml", f"--region={REGION}"],
    "worker-pool.yaml": ["gcloud", "beta", "run", "worker-pools", "replace", "worker-pool.yaml"],
}


@dataclass(frozen=True, slots=True)
class Checked:
    """``differences`` is empty where both forms make the same object."""

    folder: Path
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.differences


def check_folders(folders: Sequence[Path], *, at_once: int = 2) -> Iterator[Checked]:
    """Check rendered folders, in their order. About three seconds each: gcloud starts twice."""
    clients: SimpleQueue[Gcloud] = SimpleQueue()

    def one(folder: Path) -> Checked:
        client = clients.get()
        try:
            return Checked(folder, _differences(client, folder))
        finally:
            clients.put(client)

    with gcloud() as first, gcloud() as second:
        for client in (first, second)[:at_once]:
            clients.put(client)
        with ThreadPoolExecutor(at_once) as pool:
            yield from pool.map(one, folders)


def _differences(client: Gcloud, folder: Path) -> tuple[str, ...]:
    spec = next(name for name in _REPLACE if (folder / name).exists())
    from_yaml = client.run([*_REPLACE[spec], f"--project={PROJECT}", "--quiet"], folder)
    from_script = client.run(["bash", "deploy.sh"], folder)
    failures = [f"{name} {o.failure}" for name, o in ((spec, from_yaml), ("deploy.sh", from_script)) if o.failure]
    return tuple(failures) or tuple(differences(comparable(from_yaml.sent), comparable(from_script.sent)))
