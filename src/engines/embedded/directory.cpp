#include "engines/embedded/directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace abc2::engines::embedded {

namespace fs = std::filesystem;

namespace {

// What the database makes before it has made itself known by the file CURRENT: a process that was killed just then
// leaves no more than these.
bool may_precede_current(std::string_view name) {
  constexpr std::array<std::string_view, 5> beginnings = {"LOG", "MANIFEST-", "OPTIONS-", "IDENTITY", "LOCK"};
  return name.ends_with(".dbtmp") || std::any_of(beginnings.begin(), beginnings.end(),
                                                 [&](std::string_view begin) { return name.starts_with(begin); });
}

Error unreadable(const fs::path& directory, const std::error_code& why) {
  return {Code::corrupt, "the store directory " + directory.string() + " cannot be read (" + why.message() +
                             "); check the path and its permissions"};
}

// The new name must survive a power cut as surely as what will be stored under it.
std::error_code sync_directory(const fs::path& directory) {
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return {errno, std::generic_category()};
  const int synced = ::fsync(file);
  const std::error_code error(synced == 0 ? 0 : errno, std::generic_category());
  ::close(file);
  return error;
}

Result<void> make(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  const fs::path parent = fs::absolute(directory).lexically_normal().parent_path();
  if (!error) error = sync_directory(parent.empty() ? fs::path("/") : parent);
  if (error)
    return Error(Code::unavailable,
                 "the store directory " + directory.string() + " cannot be made: " + error.message());
  return success();
}

}  // namespace

Error damaged(const fs::path& directory, const std::string& reason) {
  return {Code::corrupt, "the store in " + directory.string() + " cannot be opened, it is damaged or unreadable: " +
                             reason + ". Keep a copy of the directory as it is, then restore it from a backup"};
}

Error foreign(const fs::path& directory) {
  return {Code::corrupt,
          "the directory " + directory.string() +
              " holds something else than a store; choose an empty directory, or one that does not exist"};
}

std::string holder_of_lock(const fs::path& directory, const std::string& reason) {
  // Opening the lock's file here would, when it is closed, take away a lock that this very process holds.
  if (reason.find("current process") != std::string::npos) return " by this process itself";
  const int file = ::open((directory / "LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return " by another process";
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool held = ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0;
  ::close(file);
  return held ? " by process " + std::to_string(lock.l_pid) : " by another process";
}

Result<void> prepare_directory(const fs::path& directory) {
  if (directory.empty()) return Error(Code::invalid_argument, "an embedded store needs a directory: embedded:DIR");
  std::error_code error;
  const auto status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) return make(directory);
  if (error) return unreadable(directory, error);
  if (status.type() != fs::file_type::directory) return foreign(directory);
  fs::directory_iterator at(directory, error);
  if (error) return unreadable(directory, error);
  bool has_current = false;
  bool has_others = false;
  for (; at != fs::directory_iterator(); at.increment(error)) {
    if (error) return unreadable(directory, error);
    const std::string name = at->path().filename().string();
    has_current |= name == "CURRENT";
    has_others |= !may_precede_current(name);
  }
  if (has_current || !has_others) return success();
  if (fs::exists(directory / "IDENTITY", error)) return damaged(directory, "the file CURRENT is missing");
  return foreign(directory);
}

}  // namespace abc2::engines::embedded
