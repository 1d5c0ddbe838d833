"""Do the checks of ./dev check catch what they are for? Each case is a small tree with one violation, or none."""
import pathlib
import tempfile
import unittest

import check_files
import check_layers

CMAKE = """
abc2_folder(base)
abc2_folder(store LINKS base)
abc2_folder(engines/memory LINKS store)
abc2_folder(engines/embedded LINKS store RocksDB::rocksdb-shared)
abc2_folder(journal LINKS store)
abc2_folder(market LINKS journal)
abc2_program(abc2 FOLDER server LINKS market engines/embedded)
"""


class Layers(unittest.TestCase):
    def problems(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "CMakeLists.txt").write_text(CMAKE)
            path = root / "src" / name
            path.parent.mkdir(parents=True)
            path.write_text(text + "\n")
            return check_layers.check(root)

    def test_what_obeys_passes(self):
        for name, text in [
            ("store/a.cpp", '#include "base/b.hpp"'),
            ("market/a.cpp", '#include "base/b.hpp"\n#include <vector>\n// std::thread is only named here'),
            ("market/a_test.cpp", '#include "engines/memory/memory_store.hpp"\n#include <gtest/gtest.h>'),
            ("market/a.cpp", "auto now = runtime.now(); a.time(); next_time(3);"),
            ("engines/embedded/a.cpp", "#include <rocksdb/db.h>"),
            ("server/main.cpp", '#include "engines/embedded/e.hpp"\n#include "journal/j.hpp"'),
            ("journal/a.cpp", "auto cancellation_slot = 1; load(headers);"),
        ]:
            self.assertEqual(self.problems(name, text), [], (name, text))

    def test_what_does_not_is_caught(self):
        for name, text, what in [
            ("base/a.cpp", '#include "store/store.hpp"', "may not include"),
            ("journal/a.hpp", '#include "market/sale.hpp"', "may not include"),
            ("store/a.cpp", '#include "engines/memory/memory_store.hpp"', "may not include"),
            ("market/a.cpp", '#include "engines/memory/memory_store.hpp"', "may not include"),
            ("market/a_test.cpp", '#include "engines/embedded/e.hpp"', "may not include"),
            ("engines/embedded/a_test.cpp", '#include "engines/memory/memory_store.hpp"', "another engine"),
            ("store/a.cpp", '#include "b.hpp"', "may not include"),
            ("other/a.cpp", "", "is not in CMakeLists.txt"),
            ("store/a.cpp", "#include <rocksdb/db.h>", "belongs only in engines/embedded"),
            ("market/a.hpp", "#include <gtest/gtest.h>", "belongs only in"),
            ("market/a.cpp", "auto t = std::chrono::system_clock::now();", "from the Runtime"),
            ("journal/a.cpp", "std::thread t;", "from the Runtime"),
            ("journal/a.cpp", "int n = rand();", "from the Runtime"),
            ("market/a.cpp", "std::this_thread::sleep_for(1s);", "from the Runtime"),
            ("journal/a.cpp", "// the buyer of a slot", "word of the market"),
            ("journal/a.cpp", "int last_slot;", "word of the market"),
        ]:
            problems = self.problems(name, text)
            self.assertTrue(any(what in problem for problem in problems), (name, text, problems))

    def test_an_exception_that_is_not_needed_is_reported(self):
        check_layers.EXCEPTIONS[("src/market/gone.cpp", "std::thread")] = "a reason"
        try:
            self.assertIn("no longer needed", self.problems("market/a.cpp", "int x;")[0])
        finally:
            check_layers.EXCEPTIONS.clear()


class Files(unittest.TestCase):
    def problems(self, text, name="src/a.cpp"):
        return [what for _, what in check_files.problems_of(pathlib.PurePath(name), text)]

    def test_what_obeys_passes(self):
        for text in [
            "Task<void> run(Store& store, std::string name);\n",
            "Task<Result<int>> f(std::shared_ptr<State> state, int n) {\n}\n",
            "void f(const std::string& name);\n",
            "Result<Task<int>> x = 3;\n",
            "Task<void> run(std::function<Result<std::optional<int>>(const State&)> decide);\n",
            "EXPECT_THROW((void)run_blocking(f()), std::runtime_error);\n",
            "auto l = [](Store& store) -> Task<void> { co_return; };\n",
            "// The destructor must not throw.\n} catch (...) {\n",
            "(void)unused;\n",
            "",
        ]:
            self.assertEqual(self.problems(text), [], text)

    def test_what_does_not_is_caught(self):
        for text, what in [
            ("Task<void> run(const std::string& name);\n", "dangle"),
            ("Task<Result<int>> run(Store& store,\n    std::string_view name) {\n", "dangle"),
            ("Task<void> run(const std::vector<std::pair<int, int>>& all, int n);\n", "dangle"),
            ("Task<void> run(std::span<const int> all);\n", "dangle"),
            ("  static Task<void> run(std::string&& name) const override;\n", "dangle"),
            ("auto l = [](const Key& key) -> Task<void> { co_return; };\n", "dangle"),
            ("int x;  \n", "a blank"),
            ("void f() {\n  std::lock_guard(mutex);\n}\n", "a lock without a name"),
            ("\tint x;\n", "a tab"),
            ("(void)store.add(key, value);\n", "discarded"),
            ("(void)co_await store.add(key, value);\n", "discarded"),
            ("} catch (...) {\n", "swallowed"),
            ("f();  // NOLIN" "T\n", "turned off"),
            ("// TOD" "O later\n", "unfinished"),
            ('open("/ho' 'me/me/x");\n', "somebody"),
            ("int x;", "newline"),
            ("\n" * 601, "lines"),
        ]:
            self.assertTrue(any(what in problem for problem in self.problems(text)), (text, self.problems(text)))
        lock = '"resolved": "https://registry.example/a.tgz"\n'
        self.assertIn("registry", self.problems(lock, "web/package-lock.json")[0])


if __name__ == "__main__":
    unittest.main()
