// Directories that are no store, damaged, locked, or of another time: an error that says so, never an empty market.
#include "engines/embedded/directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "engines/embedded/embedded_store.hpp"
#include "engines/embedded/test_directory.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

namespace abc2::engines::embedded {
namespace {

namespace fs = std::filesystem;
using runtime::run_blocking;
using testing::AllOf;
using testing::HasSubstr;

struct DirectoryTest : testing::Test {
  Result<std::unique_ptr<EmbeddedStore>> open() { return EmbeddedStore::open(runtime, {.directory = path}); }
  void make_store(int documents = 100) {
    const auto store = open().value();
    for (int i = 0; i < documents; ++i)
      EXPECT_TRUE(run_blocking(store->add("k" + std::to_string(i), std::string(1000, 'v'))));
  }
  // "" or the code and the message of the error.
  std::string refusal() {
    const auto opened = open();
    if (opened) return "";
    return std::string(to_string(opened.error().code())) + ": " + opened.error().message();
  }
  fs::path file_beginning(const std::string& begin, const std::string& end = "") {
    for (const auto& entry : fs::directory_iterator(path)) {
      const auto name = entry.path().filename().string();
      if (name.starts_with(begin) && name.ends_with(end)) return entry.path();
    }
    ADD_FAILURE() << "there is no file " << begin << "*" << end;
    return {};
  }
  void garble(const fs::path& file, std::uintmax_t at, std::size_t length) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    std::string bytes(length, '\0');
    stream.read(bytes.data(), static_cast<std::streamsize>(length));
    ASSERT_TRUE(stream) << file << " is too short";
    for (auto& byte : bytes) byte = static_cast<char>(byte ^ 0x55);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.write(bytes.data(), static_cast<std::streamsize>(length));
  }
  void write_marker(const std::string& text) {
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::Options(), path.string(), &db).ok());
    const std::unique_ptr<rocksdb::DB> owned(db);
    ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "", text).ok());
  }

  TestDirectory directory;
  fs::path path = directory.path();
  runtime::AsioRuntime runtime;
};

TEST_F(DirectoryTest, IsMadeWithItsParents) {
  path = path / "a" / "b";
  EXPECT_EQ(refusal(), "");
  EXPECT_TRUE(fs::exists(path / "CURRENT"));
}

TEST_F(DirectoryTest, MayBeThereAndEmpty) {
  fs::create_directories(path);
  EXPECT_EQ(refusal(), "");
}

TEST_F(DirectoryTest, MustBeNamed) {
  path = "";
  EXPECT_THAT(refusal(), HasSubstr("invalid_argument: "));
}

TEST_F(DirectoryTest, OfAProcessThatWasKilledWhileItMadeTheStoreIsTakenOver) {
  fs::create_directories(path);
  for (const auto* name : {"LOCK", "LOG", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"}) std::ofstream(path / name);
  EXPECT_EQ(refusal(), "");
}

TEST_F(DirectoryTest, WithOtherFilesIsRefusedAndLeftAlone) {
  fs::create_directories(path);
  std::ofstream(path / "holiday.jpg") << "sand";
  EXPECT_THAT(refusal(), AllOf(HasSubstr("corrupt: "), HasSubstr(path.string()), HasSubstr("something else"),
                               HasSubstr("choose an empty directory")));
  EXPECT_EQ(std::distance(fs::directory_iterator(path), fs::directory_iterator()), 1);
}

TEST_F(DirectoryTest, ThatIsAFileIsRefused) {
  std::ofstream(path) << "not a directory";
  EXPECT_THAT(refusal(), AllOf(HasSubstr("corrupt: "), HasSubstr("something else")));
  path /= "below";
  EXPECT_THAT(refusal(), testing::MatchesRegex("(corrupt|unavailable): .*"));
}

TEST_F(DirectoryTest, OfAnotherProgramsDatabaseIsRefused) {
  rocksdb::DB* db = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  ASSERT_TRUE(rocksdb::DB::Open(options, path.string(), &db).ok());
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "somebody", "else").ok());
  delete db;
  EXPECT_THAT(refusal(), AllOf(HasSubstr("corrupt: "), HasSubstr("something else")));
}

TEST_F(DirectoryTest, OfALaterFormatIsRefused) {
  make_store();
  write_marker("abc2 store, format 2");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("newer_schema: "), HasSubstr("format 2")));
  write_marker("abc2 store, format 999999999");
  EXPECT_THAT(refusal(), HasSubstr("newer_schema: "));
  for (const auto* strange : {"abc2 store, format ", "abc2 store, format 0", "abc2 store, format 1x", "zebra",
                              "abc2 store, format 99999999999999999999999"}) {
    write_marker(strange);
    EXPECT_THAT(refusal(), HasSubstr("corrupt: ")) << strange;
  }
  write_marker("abc2 store, format 1");
  EXPECT_EQ(refusal(), "");
}

TEST_F(DirectoryTest, ThatCannotBeReadIsRefused) {
  make_store();
  fs::remove(path / "CURRENT");
  fs::create_directory(path / "CURRENT");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("corrupt: "), HasSubstr(path.string()), HasSubstr("restore it")));
  path = directory.path().parent_path() / "loop";
  fs::create_symlink(path, path);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("corrupt: "), HasSubstr("cannot be read")));
}

// To root nothing is forbidden, so that it has to be somebody else for a while.
class Unprivileged {
 public:
  Unprivileged() : root_(::geteuid() == 0) {
    if (root_) EXPECT_EQ(::seteuid(65534), 0);
  }
  ~Unprivileged() {
    if (root_) EXPECT_EQ(::seteuid(0), 0);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  const bool root_;
};

TEST_F(DirectoryTest, WithoutPermissionIsRefused) {
  make_store();
  // The way to it may be gone by everybody.
  fs::permissions(path.parent_path(), fs::perms::all);
  fs::permissions(path, fs::perms::none);
  {
    const Unprivileged nobody;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("corrupt: "), HasSubstr("cannot be read"), HasSubstr("permissions")));
  }
  // To be read but not to be written.
  fs::permissions(path, static_cast<fs::perms>(0555));
  {
    const Unprivileged nobody;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("corrupt: "), HasSubstr("unreadable"), HasSubstr("Permission denied")));
  }
  fs::permissions(path, fs::perms::owner_all);
  EXPECT_EQ(refusal(), "");
}

TEST_F(DirectoryTest, WithADamagedFileIsRefused) {
  make_store();
  struct Damage {
    const char* what;
    std::function<void()> apply;
  };
  const std::vector<Damage> damages = {
      {"CURRENT is missing", [&] { fs::remove(path / "CURRENT"); }},
      {"CURRENT is empty", [&] { fs::resize_file(path / "CURRENT", 0); }},
      {"CURRENT is garbled", [&] { garble(path / "CURRENT", 0, 8); }},
      {"MANIFEST is missing", [&] { fs::remove(file_beginning("MANIFEST-")); }},
      {"MANIFEST is empty", [&] { fs::resize_file(file_beginning("MANIFEST-"), 0); }},
      {"MANIFEST is garbled", [&] { garble(file_beginning("MANIFEST-"), 10, 20); }},
      {"a write in the middle of the log is garbled", [&] { garble(file_beginning("", ".log"), 20'000, 50); }},
  };
  const fs::path good = directory.path().parent_path() / "good";
  fs::copy(path, good, fs::copy_options::recursive);
  for (const auto& damage : damages) {
    SCOPED_TRACE(damage.what);
    fs::remove_all(path);
    fs::copy(good, path, fs::copy_options::recursive);
    damage.apply();
    EXPECT_THAT(refusal(), AllOf(HasSubstr("corrupt: "), HasSubstr(path.string()), HasSubstr("restore it")));
  }
}

TEST_F(DirectoryTest, OpenTwiceIsInUse) {
  const auto store = open().value();
  EXPECT_THAT(refusal(), AllOf(HasSubstr("in_use: "), HasSubstr(path.string()), HasSubstr("this process")));
  // And the lock is still there after that.
  EXPECT_THAT(refusal(), HasSubstr("in_use: "));
}

}  // namespace
}  // namespace abc2::engines::embedded
