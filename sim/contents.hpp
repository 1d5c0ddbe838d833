// Contents: what a store holds, as plain data under a number. Equal contents have equal numbers; what a write makes of
// them is computed once. Not thread-safe.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sim/operation.hpp"

namespace abc2::sim {

using ContentsId = std::uint32_t;
using OperationId = std::uint32_t;

struct StoredText {
  TextId key = 0;
  TextId value = 0;
  std::uint32_t version = 0;  // how often it was written: as good a token as any, and the same in every order
  friend auto operator<=>(const StoredText&, const StoredText&) = default;
};

// Operations under numbers.
class Operations {
 public:
  Operations() { number({}); }  // number 0 is none
  OperationId number(const Operation& operation);
  [[nodiscard]] const Operation& operator[](OperationId id) const { return operations_[id]; }

 private:
  struct Hash {
    std::size_t operator()(const Operation& operation) const;
  };
  std::deque<Operation> operations_;
  boost::unordered_flat_map<Operation, OperationId, Hash> numbers_;
};

class AllContents {
 public:
  AllContents(Texts& texts, Operations& operations) : texts_(texts), operations_(operations) {}

  // In any order; keys once each.
  ContentsId number(std::vector<StoredText> documents);
  [[nodiscard]] std::span<const StoredText> operator[](ContentsId id) const { return all_[id]; }
  [[nodiscard]] const StoredText* find(ContentsId id, TextId key) const;

  struct Executed {
    ContentsId after = 0;
    Reply reply;
  };
  // Carries the operation out, at once and as a whole.
  Executed execute(ContentsId before, OperationId operation);

  // Whether a write in flight may still be applied some day: a CAS whose version has passed never will. Keys of which
  // something may be removed are never past.
  [[nodiscard]] bool may_apply(ContentsId id, OperationId write, bool removes) const;

  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  [[nodiscard]] bool may_apply(ContentsId id, const Operation& write) const;
  Executed compute(ContentsId before, const Operation& operation);
  Reply list(ContentsId id, const Operation& operation);

  Texts& texts_;
  Operations& operations_;
  std::deque<std::vector<StoredText>> all_;
  boost::unordered_flat_map<std::uint64_t, std::vector<ContentsId>> by_hash_;
  boost::unordered_flat_map<std::uint64_t, Executed> executed_;
};

// Mixes 64 bits well.
constexpr std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace abc2::sim
