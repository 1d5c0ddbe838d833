// Texts: every key, value and answer that an exploration meets, once, under a number. Equal texts have equal numbers,
// so that states are compared and hashed as numbers. Nothing is ever forgotten. Not thread-safe.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace abc2::sim {

using TextId = std::uint32_t;

class Texts {
 public:
  Texts() { number(""); }  // the empty text is number 0

  TextId number(std::string_view text) {
    if (const auto found = numbers_.find(text); found != numbers_.end()) return found->second;
    const auto id = static_cast<TextId>(texts_.size());
    texts_.emplace_back(text);
    numbers_.emplace(texts_.back(), id);
    return id;
  }
  [[nodiscard]] const std::string& operator[](TextId id) const { return texts_[id]; }

 private:
  std::deque<std::string> texts_;  // whose elements stay where they are
  boost::unordered_flat_map<std::string_view, TextId> numbers_;
};

}  // namespace abc2::sim
