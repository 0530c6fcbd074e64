"""`.raw` is read where objects become typed (`model/parse`) and by fit's field rules; the rest of the house reads types.

What still reads it stands here, file by file, with how often. The list may only become shorter: what an analysis needs
gets a name in `model/`.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "k2cr_analysis"
ALLOWED = ("model/parse/", "fit/fields/")
LEFT = {
    "comparison/fields.py": 3,
    "fit/candidate.py": 1,
    "fit/evidence/file_mounts.py": 1,
    "fit/evidence/protocols.py": 2,
    "fit/rules/batch.py": 3,
    "fit/rules/images.py": 1,
    "fit/rules/lifecycle.py": 4,
    "fit/rules/network/entrance.py": 1,
    "fit/rules/network/front_door.py": 2,
    "fit/rules/network/protocols.py": 2,
    "fit/rules/observability.py": 1,
    "fit/rules/platform.py": 2,
    "fit/rules/probing.py": 2,
    "fit/rules/scaling.py": 2,
    "fit/rules/storage.py": 1,
    "model/routing/of_workload.py": 3,
    "operability/evidence.py": 1,
    "pricing/packing/held_nodes.py": 1,
    "rendering/migration/cutover.py": 1,
    "rendering/network/backend_policy.py": 1,
    "rendering/network/claims.py": 2,
    "rendering/network/access/ingress_setting.py": 2,
    "rendering/network/front.py": 1,
    "rendering/network/hosts.py": 1,
    "rendering/network/egress/internal_lb.py": 1,
    "rendering/network/on_gke.py": 1,
    "rendering/network/url_map.py": 2,
    "rendering/spec/settings_of_workload.py": 2,
    "rendering/spec/pod/containers.py": 3,
    "rendering/spec/service_job_pool.py": 6,
    "rendering/spec/source_values.py": 1,
    "rendering/spec/pod/volumes.py": 9,
}


def _reads(file: Path) -> int:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return sum(isinstance(node, ast.Attribute) and node.attr == "raw" for node in nodes)


def test_raw_objects_are_read_nowhere_else() -> None:
    found = Counter({p.relative_to(PACKAGE).as_posix(): _reads(p) for p in PACKAGE.rglob("*.py")})
    more = {name: n for name, n in found.items() if n > LEFT.get(name, 0) and not name.startswith(ALLOWED)}
    assert more == {}, "give what you need a name in model/workload.py and fill it in model/parse/"


def test_no_row_of_the_list_is_about_a_file_that_is_gone() -> None:
    assert [name for name in LEFT if not (PACKAGE / name).exists()] == []
