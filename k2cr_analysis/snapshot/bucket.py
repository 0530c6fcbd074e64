"""A snapshot in a Cloud Storage bucket: copied to this machine once, then opened like any other.

The copy stands in the user's cache folder under the hash of its ``snapshot.json``, which names the whole content: what
has been copied is not copied again, and another snapshot under the same address is another copy.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from k2cr_analysis.atomic import folder_in_progress
from k2cr_analysis.errors import Location, RemoteError, SnapshotError
from k2cr_analysis.remote.endpoints import endpoint

# A Path has made one slash of two.
_ADDRESS: Final = re.compile(r"gs:/{1,2}([^/]+(?:/[^/]+)*)/?")
_PATIENCE: Final = timedelta(seconds=60)


def local_copy(path: str | Path, provenance_file: str) -> Path:
    """The folder itself; of a ``gs://`` address a copy of what is there.

    ``SnapshotError`` where there is no snapshot, ``RemoteError`` where the bucket cannot be read.
    """
    match = _ADDRESS.fullmatch(str(path))
    if match is None:
        return Path(path)
    place = match[1]
    try:
        bucket = _bucket()
        with bucket.open_input_stream(f"{place}/{provenance_file}") as stream:
            digest = hashlib.sha256(stream.read()).hexdigest()
        target = _cache() / digest[:32] / place.rpartition("/")[2]
        if not target.is_dir():
            _copy(bucket, place, target)
    except FileNotFoundError:
        raise SnapshotError(
            ref="no-snapshot",
            where=Location(f"gs://{place}"),
            found=f"no {provenance_file} there",
            expected="a folder that `k2cr collect --out` wrote, copied to the bucket",
            do=f"gcloud storage cp -r SNAP/* gs://{place}/",
        ) from None
    except OSError as error:
        raise RemoteError(
            ref="bucket-not-readable",
            where=Location(f"gs://{place}"),
            found=str(error).splitlines()[0],
            expected="the right to read the bucket's objects",
            do=f"gcloud auth application-default login; or copy it yourself: gcloud storage cp -r gs://{place} .",
        ) from None
    return target


def _copy(bucket: Any, place: str, target: Path) -> None:
    from pyarrow import fs

    with folder_in_progress(target) as folder:
        for found in bucket.get_file_info(fs.FileSelector(place, recursive=True)):
            if found.type != fs.FileType.File:
                continue
            file = folder / found.path.removeprefix(f"{place}/")
            file.parent.mkdir(parents=True, exist_ok=True)
            fs.copy_files(found.path, str(file), source_filesystem=bucket, destination_filesystem=fs.LocalFileSystem())


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "k2cr" / "snapshots"


def _bucket() -> Any:
    from pyarrow import fs

    moved = endpoint("STORAGE")
    if moved is None:
        return fs.GcsFileSystem(retry_time_limit=_PATIENCE)
    scheme = "http" if moved.is_plaintext else "https"
    return fs.GcsFileSystem(
        anonymous=moved.is_plaintext, scheme=scheme, endpoint_override=moved.address, retry_time_limit=_PATIENCE
    )
