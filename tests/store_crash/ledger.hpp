// What the test knows about each document: what was sent, what was acknowledged, what was read; and whether what is
// found after a crash can be explained by it.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engines/embedded/embedded_store.hpp"
#include "record.hpp"

namespace abc2::store_crash {

class Ledger {
 public:
  void note(const Record& record);

  // Compares with what a reopened store holds; what it holds is the truth from then on. Returns what is wrong.
  std::vector<std::string> check(store::Store& store);

  // Of the storm since the last check.
  [[nodiscard]] std::uint64_t unanswered() const { return sent_ - answered_; }

  // Since the beginning.
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::uint64_t landed_unanswered() const { return landed_unanswered_; }
  [[nodiscard]] std::uint64_t lost_unanswered() const { return lost_unanswered_; }

 private:
  struct Document {
    std::uint64_t version = 0;  // found at the last check
    std::uint64_t stamp = 0;
    std::uint64_t at_least = 0;                        // somebody was told of this version
    std::map<std::uint64_t, std::uint64_t> told;       // version -> stamp, of whatever somebody was told of
    std::multimap<std::uint64_t, std::uint64_t> sent;  // version -> stamp, of writes that would make that version
  };

  void told(std::uint32_t key, std::uint64_t version, std::uint64_t stamp);
  void check(std::uint32_t key, Document& document, std::uint64_t version, std::uint64_t stamp);

  std::map<std::uint32_t, Document> documents_;
  std::vector<std::string> wrong_;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t landed_unanswered_ = 0;
  std::uint64_t lost_unanswered_ = 0;
};

}  // namespace abc2::store_crash
