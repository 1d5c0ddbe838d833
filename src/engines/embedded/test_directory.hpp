// A directory for one test, removed with it.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace abc2::engines::embedded {

class TestDirectory {
 public:
  TestDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "abc2-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary directory can be made");
    root_ = name;
  }
  ~TestDirectory() {
    std::error_code ignored;  // what is left over in a temporary directory harms nobody
    std::filesystem::remove_all(root_, ignored);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  // Does not exist until somebody makes it.
  [[nodiscard]] std::filesystem::path path() const { return root_ / "store"; }

 private:
  std::filesystem::path root_;
};

}  // namespace abc2::engines::embedded
