// SortedBlocks: numbers in the order of a key, to insert, to erase, and to walk from any place on. A sorted list in
// blocks: each change moves the entries of one block only, and an entry needs little more than its own 16 bytes.
// Plain data: one owner at a time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace abc2::market {

struct KeyedEntry {
  std::int64_t key;
  std::uint32_t tie;  // the order of those with equal keys
  std::uint32_t number;
};

class SortedBlocks {
 public:
  static constexpr std::size_t block_entries = 512;

  // `before(a, b)`: a strict weak order of all entries, by key first; the same one at every call.
  template <class Before>
  void insert(const KeyedEntry& entry, Before before) {
    if (blocks_.empty()) return append(entry);
    std::size_t which = block_of(entry, before);
    if (blocks_[which].size() >= block_entries) {
      auto& full = blocks_[which];
      std::vector<KeyedEntry> upper;
      upper.reserve(block_entries);
      upper.assign(full.begin() + block_entries / 2, full.end());
      full.resize(block_entries / 2);
      blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(which) + 1, std::move(upper));
      which = block_of(entry, before);
    }
    auto& block = blocks_[which];
    const auto at = std::lower_bound(block.begin(), block.end(), entry, before);
    if (at != block.end() && !before(entry, *at)) return;  // it is there
    block.insert(at, entry);
    ++size_;
  }

  template <class Before>
  void erase(const KeyedEntry& entry, Before before) {
    if (blocks_.empty()) return;
    const std::size_t which = block_of(entry, before);
    auto& block = blocks_[which];
    const auto at = std::lower_bound(block.begin(), block.end(), entry, before);
    if (at == block.end() || before(entry, *at)) return;  // it is not
    block.erase(at);
    --size_;
    if (block.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  // An entry that comes after all that are there.
  void append(const KeyedEntry& entry) {
    if (blocks_.empty() || blocks_.back().size() >= block_entries * 3 / 4) {
      blocks_.emplace_back();
      blocks_.back().reserve(block_entries);
    }
    blocks_.back().push_back(entry);
    ++size_;
  }

  // Walks from the first entry that is `wanted`, a predicate that holds for all after one for which it holds:
  //   for (auto at = sorted.from([](const KeyedEntry& e) { return e.key > 7; }); !at.end(); at.next()) use(at.entry());
  class Walk {
   public:
    [[nodiscard]] bool end() const { return block_ == blocks_->size(); }
    [[nodiscard]] const KeyedEntry& entry() const { return (*blocks_)[block_][index_]; }
    void next() {
      if (++index_ < (*blocks_)[block_].size()) return;
      index_ = 0;
      ++block_;
    }

   private:
    friend class SortedBlocks;
    const std::vector<std::vector<KeyedEntry>>* blocks_;
    std::size_t block_, index_;
  };
  template <class Wanted>
  [[nodiscard]] Walk from(Wanted wanted) const {
    Walk walk;
    walk.blocks_ = &blocks_;
    const auto block =
        std::partition_point(blocks_.begin(), blocks_.end(), [&](const auto& one) { return !wanted(one.back()); });
    walk.block_ = static_cast<std::size_t>(block - blocks_.begin());
    walk.index_ = 0;
    if (block != blocks_.end())
      walk.index_ = static_cast<std::size_t>(
          std::partition_point(block->begin(), block->end(), [&](const auto& one) { return !wanted(one); }) -
          block->begin());
    return walk;
  }

  // How many entries there are from that place on.
  template <class Wanted>
  [[nodiscard]] std::size_t count_from(Wanted wanted) const {
    const Walk walk = from(wanted);
    if (walk.end()) return 0;
    std::size_t count = blocks_[walk.block_].size() - walk.index_;
    for (std::size_t i = walk.block_ + 1; i < blocks_.size(); ++i) count += blocks_[i].size();
    return count;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  // The block in which the entry is, or would be.
  template <class Before>
  std::size_t block_of(const KeyedEntry& entry, Before before) const {
    const auto after = std::partition_point(blocks_.begin(), blocks_.end(),
                                            [&](const auto& block) { return !before(entry, block.front()); });
    return after == blocks_.begin() ? 0 : static_cast<std::size_t>(after - blocks_.begin()) - 1;
  }

  std::vector<std::vector<KeyedEntry>> blocks_;  // none is empty
  std::size_t size_ = 0;
};

}  // namespace abc2::market
