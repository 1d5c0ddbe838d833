"""whole.py STORE TEST.py ARGUMENT...: a test in Python of the whole program, whose servers are on memory: otherwise, on a
real PostgreSQL or etcd that is started for it. Fails if the test does, or if it never used that server."""
import os
import pathlib
import subprocess
import sys
import tempfile

from servers import SERVERS, use_memory

use_memory()
with SERVERS[sys.argv[1]]() as server, tempfile.TemporaryDirectory(prefix="abc2-stores-") as folder:
    count = pathlib.Path(folder) / "places"
    done = subprocess.run([sys.executable, "-B", *sys.argv[2:]], check=False,
                          env=os.environ | {"ABC2_TEST_STORE": server.url, "ABC2_TEST_STORE_COUNT": str(count)})
    places = len(count.read_text().splitlines()) if count.exists() else 0
print(f"{places} places on {sys.argv[1]}")
sys.exit(done.returncode or (1 if places == 0 else 0))
