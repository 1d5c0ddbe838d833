// The bytes of bitcoin's formats: little-endian integers and lengths in front of what they count. Internal to the
// parsers. Cursor checks every step against what is left; after the first failure it stays failed and reads zeroes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bitcoin/hash.hpp"

namespace abc2::bitcoin::wire {

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  void fail() { failed_ = true; }

  std::string_view take(std::uint64_t count) {
    if (failed_ || count > left()) {
      failed_ = true;
      return {};
    }
    const auto taken = bytes_.substr(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return taken;
  }

  std::uint64_t integer(unsigned size) {
    const auto bytes = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  // A length in its shortest form: another form is not what a node serialises.
  std::uint64_t compact() {
    const std::uint64_t first = integer(1);
    if (first < 253) return first;
    const unsigned size = first == 253 ? 2 : first == 254 ? 4 : 8;
    const std::uint64_t value = integer(size);
    const std::uint64_t least = first == 253 ? 253 : first == 254 ? 0x10000 : 0x100000000;
    if (value < least) failed_ = true;
    return failed_ ? 0 : value;
  }

  // How many things follow, of which each takes at least `least_bytes`: never more than can be there, so that a
  // length alone reserves no memory.
  std::uint64_t count(std::size_t least_bytes) {
    const std::uint64_t value = compact();
    if (value > left() / least_bytes) failed_ = true;
    return failed_ ? 0 : value;
  }

  std::string_view text() { return take(compact()); }

  Hash hash() {
    Hash out{};
    const auto bytes = take(out.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) out[i] = static_cast<unsigned char>(bytes[i]);
    return out;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

inline void put(std::string& out, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

inline void put_compact(std::string& out, std::uint64_t value) {
  if (value < 253) return put(out, value, 1);
  const unsigned size = value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
  put(out, size == 2 ? 253 : size == 4 ? 254 : 255, 1);
  put(out, value, size);
}

inline void put_text(std::string& out, std::string_view bytes) {
  put_compact(out, bytes.size());
  out += bytes;
}

}  // namespace abc2::bitcoin::wire
