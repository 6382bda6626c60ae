"""A Celery worker with the forking pool. Its only task stops the worker, and continues to run.

Arguments: a folder for the queue, and the file that the task's payloads are appended to.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from celery import Celery

from status_utils import job
from tests.unit.status_utils.sending.scope_programs import FileTransport

folder, file = (Path(argument) for argument in sys.argv[1:])
app = Celery("worker", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": folder,
    "data_folder_out": folder,
    "control_folder": folder / "control",
}


def locate() -> None:
    """The task."""
    transport = FileTransport(file)
    with job(job_id="job-1", user_id="ana", tenant_id="city", transport=transport) as j, j.agent("Geo Agent"):
        os.kill(os.getppid(), signal.SIGTERM)  # the worker lets its tasks end, and stops


if __name__ == "__main__":
    app.task(name="locate")(locate).delay()
    quiet = ["--without-gossip", "--without-mingle", "--loglevel=ERROR"]
    app.worker_main(["worker", "--pool=prefork", "--concurrency=1", *quiet])
