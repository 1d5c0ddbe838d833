"""abc2_registers as it is used from outside: a history in a file, judged by another process. argv[1] is the program."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


def registers(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def history(self, name, *arguments):
        path = self.folder / name
        done = registers("run", "--store", "memory:", "--history", path, "--operations", 4000, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def test_a_store_that_keeps_its_word(self):
        judged = registers("check", self.history("whole"))
        self.assertEqual(judged.returncode, 0, judged.stdout)
        self.assertIn("\nlinearizable\n", judged.stdout)

    def test_one_that_does_not(self):
        judged = registers("check", self.history("broken", "--broken", "lost_update"))
        self.assertEqual(judged.returncode, 1, judged.stdout)
        self.assertIn("has no order", judged.stdout)
        self.assertIn("\nNOT LINEARIZABLE\n", judged.stdout)

    def test_two_histories_are_one(self):
        """Of two stores they make no sense together: each has added what the other one has not seen."""
        first, second = self.history("first", "--name", "a"), self.history("second", "--name", "b")
        self.assertEqual(registers("check", first).returncode, 0)
        self.assertEqual(registers("check", second).returncode, 0)
        self.assertEqual(registers("check", first, second).returncode, 1)

    def test_a_history_that_is_torn_is_none(self):
        path = self.history("torn")
        path.write_bytes(path.read_bytes()[:-20])
        judged = registers("check", path)
        self.assertEqual(judged.returncode, 2)
        self.assertIn("of the history", judged.stderr)
        self.assertEqual(registers("check", self.folder / "missing").returncode, 2)

    def test_a_store_that_is_none(self):
        done = registers("run", "--store", "nothing:", "--history", self.folder / "none", "--operations", 1)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
