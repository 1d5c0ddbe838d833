#include "market/postings.hpp"

#include <algorithm>
#include <bit>

#include "market/words.hpp"

namespace abc2::market {
namespace {

constexpr std::size_t kBlock = 128;                // words in a block at the most
constexpr std::uint32_t kDroppedAtOnce = 100'000;  // postings that one drop() looks at, or a word more

// Texts whose numbers differ are in their order.
std::uint64_t head_of(std::string_view text) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i) head = head << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
  return head;
}

}  // namespace

void Bits::keep(const Bits& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
}

std::uint64_t Bits::count() const {
  std::uint64_t all = 0;
  for (const std::uint64_t word : words_) all += static_cast<unsigned>(std::popcount(word));
  return all;
}

void Postings::add(std::uint32_t number) {
  const std::uint32_t difference = number - last_;
  std::uint32_t step = difference << 1 ^ (~(difference >> 31) + 1);
  for (; step >= 0x80; step >>= 7) bytes_ += static_cast<char>(step | 0x80);
  bytes_ += static_cast<char>(step);
  last_ = number;
  ++size_;
}

void Postings::drop(const Bits& gone) {
  bool any = false;
  each([&](std::uint32_t number) { any = any || gone.has(number); });
  if (!any) return;
  Postings left;
  each([&](std::uint32_t number) {
    if (!gone.has(number)) left.add(number);
  });
  left.bytes_.shrink_to_fit();
  *this = std::move(left);
}

// The last block that does not begin after `word`; the first block if there is none.
std::size_t Vocabulary::block_of(std::string_view word) const {
  const std::uint64_t head = head_of(word);
  const auto after = std::ranges::partition_point(
      blocks_, [&](const Block& block) { return block.head != head ? block.head < head : block.from <= word; });
  return after == blocks_.begin() ? 0 : static_cast<std::size_t>(after - blocks_.begin()) - 1;
}

void Vocabulary::add(std::string_view word, std::uint32_t number) {
  const std::string_view letter = first_letter(word);
  auto list = letters_.find(letter);
  if (list == letters_.end()) list = letters_.emplace(std::string(letter), Postings()).first;
  // A campaign's words come one after another, so that its own number is the last one if it is there.
  list->second.add_once(number);

  if (blocks_.empty()) blocks_.push_back({"", 0, {}});
  std::size_t which = block_of(word);
  auto* words = &blocks_[which].words;
  auto at = std::ranges::lower_bound(*words, word, {}, &Word::text);
  if (at == words->end() || at->text != word) {
    if (words->size() >= kBlock) {
      std::vector<Word> upper;
      upper.reserve(kBlock);
      std::move(words->begin() + kBlock / 2, words->end(), std::back_inserter(upper));
      words->resize(kBlock / 2);
      std::string from = upper.front().text;
      const std::uint64_t head = head_of(from);
      blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(which) + 1,
                     Block{std::move(from), head, std::move(upper)});
      words = &blocks_[block_of(word)].words;
      at = std::ranges::lower_bound(*words, word, {}, &Word::text);
    }
    at = words->insert(at, Word{std::string(word), {}});
    ++words_;
  }
  at->postings.add(number);
}

Bits Vocabulary::having_prefix(std::string_view prefix, std::size_t bound) const {
  Bits found(bound);
  const auto take = [&](std::uint32_t number) { found.set(number); };
  if (prefix == first_letter(prefix)) {
    if (const auto list = letters_.find(prefix); list != letters_.end()) list->second.each(take);
    return found;
  }
  if (blocks_.empty()) return found;
  for (std::size_t which = block_of(prefix); which < blocks_.size(); ++which) {
    const auto& words = blocks_[which].words;
    for (auto at = std::ranges::lower_bound(words, prefix, {}, &Word::text); at != words.end(); ++at) {
      if (!at->text.starts_with(prefix)) return found;
      at->postings.each(take);
    }
  }
  return found;
}

bool Vocabulary::drop(const Bits& gone, Place& at) {
  if (at.letters) {
    const auto list = letters_.lower_bound(at.from);
    if (list == letters_.end()) {
      at = {false, ""};
      return true;
    }
    list->second.drop(gone);
    at.from = list->first + '\0';  // what comes next in the order of bytes
    if (list->second.size() == 0) letters_.erase(list);
    return true;
  }
  if (blocks_.empty()) return false;
  const std::size_t which = block_of(at.from);
  auto& words = blocks_[which].words;
  auto word = std::ranges::lower_bound(words, at.from, {}, &Word::text);
  for (std::uint32_t looked_at = 0; word != words.end() && looked_at < kDroppedAtOnce; ++word) {
    looked_at += word->postings.size();
    word->postings.drop(gone);
  }
  bool more = true;
  if (word != words.end()) {
    at.from = word->text;
  } else if (which + 1 < blocks_.size()) {
    at.from = blocks_[which + 1].from;
  } else {
    more = false;
  }
  words_ -= std::erase_if(words, [](const Word& one) { return one.postings.size() == 0; });
  if (words.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(which));
  return more;
}

}  // namespace abc2::market
