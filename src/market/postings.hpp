// The inverted index of the catalogue: for each word the numbers of what has it, and the words in their order.
//
//   Vocabulary words;
//   words.add("river", 17);
//   Bits found = words.having_prefix("ri", 1'000'000);      // a bit for each number
//
// Plain data: one owner at a time.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace abc2::market {

// A set of numbers below a bound, as bits.
class Bits {
 public:
  explicit Bits(std::size_t bound = 0) : words_((bound + 63) / 64) {}
  void set(std::uint32_t number) { words_[number / 64] |= 1ull << number % 64; }
  void clear(std::uint32_t number) { words_[number / 64] &= ~(1ull << number % 64); }
  [[nodiscard]] bool has(std::uint32_t number) const {
    return number / 64 < words_.size() && (words_[number / 64] >> number % 64 & 1) != 0;
  }
  void grow(std::size_t bound) { words_.resize(std::max(words_.size(), (bound + 63) / 64)); }
  // What is in both; the bounds may differ.
  void keep(const Bits& other);
  [[nodiscard]] std::uint64_t count() const;
  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i)
      for (std::uint64_t left = words_[i]; left != 0; left &= left - 1)
        visit(static_cast<std::uint32_t>(i * 64 + static_cast<unsigned>(__builtin_ctzll(left))));
  }

 private:
  std::vector<std::uint64_t> words_;
};

// Numbers in the order in which they were added: one byte for each where they are near one another, up to five
// otherwise. A few need no memory of their own.
class Postings {
 public:
  void add(std::uint32_t number);
  // Unless it is the one that was added last.
  void add_once(std::uint32_t number) {
    if (size_ == 0 || last_ != number) add(number);
  }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  template <class Visit>
  void each(Visit visit) const {
    std::uint32_t number = 0;
    for (std::size_t at = 0; at < bytes_.size();) {
      std::uint32_t step = 0;
      for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes_[at++]);
        step |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      number += step >> 1 ^ (~(step & 1) + 1);  // the sign is the last bit
      visit(number);
    }
  }
  // Without those that are in `gone`.
  void drop(const Bits& gone);

 private:
  std::string bytes_;
  std::uint32_t last_ = 0, size_ = 0;
};

class Vocabulary {
 public:
  // `number` has this word. Once for each word and number.
  void add(std::string_view word, std::uint32_t number);

  // Those that have a word that begins so; numbers are below `bound`. A prefix of one letter is a list of its own.
  [[nodiscard]] Bits having_prefix(std::string_view prefix, std::size_t bound) const;

  // Forgets those in `gone`, in steps that each take a moment: again until it returns false. `at` is Place() at first
  // and is kept between the steps; words may be added in between.
  struct Place {
    bool letters = true;  // it is at the lists of letters
    std::string from;     // the first that has not been looked at
  };
  bool drop(const Bits& gone, Place& at);

  [[nodiscard]] std::uint64_t words() const { return words_; }

 private:
  struct Word {
    std::string text;
    Postings postings;
  };
  // Words from `from` on and before the next block's, sorted, at least one. The first eight bytes of `from` are at
  // hand as a number, so that looking for a block reads little memory.
  struct Block {
    std::string from;
    std::uint64_t head;
    std::vector<Word> words;
  };
  [[nodiscard]] std::size_t block_of(std::string_view word) const;

  std::vector<Block> blocks_;
  std::map<std::string, Postings, std::less<>> letters_;  // of all words that begin so
  std::uint64_t words_ = 0;
};

}  // namespace abc2::market
