"""What the Cloud Run API refuses beyond the types of its schema: one table, each row with its source.

Every rendered spec goes through it, and so does what the assessment would carry over (``carried`` rows): what the
table knows to be refused is never ``ready``. What it does not know stands in ``NOT_KNOWN``.

| file | rows about |
|---|---|
| ``table.py`` | the table itself, the view of a spec that rows look at, what is not known |
| ``containers.py`` | containers: names, images, variables, ports, mounts, probes |
| ``instances.py`` | CPU, memory, GPU, generation, concurrency and billing of an instance |
| ``resources.py`` | the service, job or worker pool: its name, scaling, time-outs, tasks, annotations, volumes |
"""

from k2cr_analysis.openapi.refusals import containers, instances, resources
from k2cr_analysis.openapi.refusals.table import NOT_KNOWN, REFUSALS, Refusal, Refused, Spec, refused

__all__ = ["NOT_KNOWN", "REFUSALS", "Refusal", "Refused", "Spec", "containers", "instances", "refused", "resources"]
