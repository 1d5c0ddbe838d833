// What the storm tells the test through a pipe, and the values that it writes.
#pragma once
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace abc2::store_crash {

enum class Kind : std::uint32_t {
  begun,     // the process runs
  opened,    // the store is open
  sent,      // a write is about to be sent: `version` is the one that it replaces, 0 for an add
  applied,   // it was acknowledged: `version` is its own
  rejected,  // it was refused: `version` is the one that it would have replaced
  seen,      // a read answered: `version` and `stamp` of what is there, both 0 if nothing is
  failed,    // something that must not happen did
};

// Less than PIPE_BUF, so that records of several threads do not mix.
struct Record {
  Kind kind = Kind::failed;
  std::uint32_t key = 0;
  std::uint64_t version = 0;
  std::uint64_t stamp = 0;  // names one write of one round
};

inline std::string key_name(std::uint32_t key) { return "key/" + std::to_string(key); }

// Keys below are written again and again, those above are of one round each, and mostly added.
inline constexpr std::uint32_t kOldKeys = 100;
inline constexpr std::uint32_t kKeysOfARound = 200;

// A value that nobody but the write `stamp` can have written, and of which no byte can be missing.
inline std::string value_of(std::uint64_t stamp) {
  std::minstd_rand random(static_cast<unsigned>(stamp ^ (stamp >> 32)) | 1u);
  std::string value = std::to_string(stamp) + ":";
  const std::size_t length = random() % 2000;
  while (value.size() < length) value += static_cast<char>(random() >> 8);
  return value;
}

// Nullopt: no write of this test ever wrote that.
inline std::optional<std::uint64_t> stamp_of(const std::string& value) {
  std::uint64_t stamp = 0;
  std::size_t at = 0;
  for (; at < value.size() && at < 20 && value[at] >= '0' && value[at] <= '9'; ++at)
    stamp = stamp * 10 + static_cast<std::uint64_t>(value[at] - '0');
  if (at == 0 || value != value_of(stamp)) return std::nullopt;
  return stamp;
}

}  // namespace abc2::store_crash
