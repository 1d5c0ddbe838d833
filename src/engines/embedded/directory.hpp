// The directory of an embedded store, before and beside the database: making it, telling whose it is, and the
// sentences for everything that may be wrong with it.
#pragma once
#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace abc2::engines::embedded {

// Makes the directory if it does not exist, durably, and refuses one that holds something else than a store.
// Errors: corrupt (unreadable, or not ours), unavailable (it cannot be made).
Result<void> prepare_directory(const std::filesystem::path& directory);

// " by process 123", as far as that can be known. `reason` is what the database said about its lock.
std::string holder_of_lock(const std::filesystem::path& directory, const std::string& reason);

// Code::corrupt, with what was found and what to do.
Error damaged(const std::filesystem::path& directory, const std::string& reason);
Error foreign(const std::filesystem::path& directory);

}  // namespace abc2::engines::embedded
