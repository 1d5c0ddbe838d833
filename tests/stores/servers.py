"""The servers that the tests of this folder start, by the names of their engines."""
import pathlib
import shutil
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parent.parent / "bitcoin"))
from etcd import Etcd  # noqa: E402
from postgres import Postgres  # noqa: E402

SERVERS = {"postgres": Postgres, "etcd": Etcd}


def use_memory():
    """Their files lie in memory from now on, if there is room: no test here is about what a disk does."""
    memory = pathlib.Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30:
        tempfile.tempdir = str(memory)
