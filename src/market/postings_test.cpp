// Both are held against plain sets, after many random changes.
#include "market/postings.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "market/sorted_blocks.hpp"

namespace abc2::market {
namespace {

using Numbers = std::set<std::uint32_t>;

Numbers in(const Bits& bits) {
  Numbers all;
  bits.each([&](std::uint32_t number) { all.insert(number); });
  EXPECT_EQ(all.size(), bits.count());
  for (const auto number : all) EXPECT_TRUE(bits.has(number));
  return all;
}

TEST(Postings, KeepNumbersInAnyOrder) {
  Postings postings;
  const std::vector<std::uint32_t> numbers = {7, 8, 0, 1'000'000, 999'999, UINT32_MAX, 3, 0};
  for (const auto number : numbers) postings.add(number);
  postings.add_once(0);
  std::vector<std::uint32_t> back;
  postings.each([&](std::uint32_t number) { back.push_back(number); });
  EXPECT_EQ(back, numbers);
  EXPECT_EQ(postings.size(), numbers.size());
}

TEST(Postings, OfNeighboursTakeAByteEach) {
  // What std::string keeps within itself is not counted: all of it is the list.
  Postings postings;
  for (std::uint32_t number = 0; number < 64; ++number) postings.add(number);
  Bits gone(64);
  for (std::uint32_t number = 0; number < 64; number += 2) gone.set(number);
  postings.drop(gone);
  std::uint32_t expected = 1;
  postings.each([&](std::uint32_t number) {
    EXPECT_EQ(number, expected);
    expected += 2;
  });
  EXPECT_EQ(postings.size(), 32u);
}

TEST(Vocabulary, FindsWhatHasAPrefix) {
  std::mt19937 random(1);
  Vocabulary vocabulary;
  std::map<std::string, Numbers> words;
  constexpr std::uint32_t bound = 3000;
  for (std::uint32_t number = 0; number < bound; ++number) {
    std::set<std::string> own;
    for (int i = 0; i < 4; ++i) {
      std::string word;
      for (std::uint32_t length = 1 + random() % 5; word.size() < length;)
        word += static_cast<char>('a' + random() % 6);
      if (random() % 20 == 0) word = "ö" + word;
      own.insert(word);
    }
    for (const auto& word : own) {
      vocabulary.add(word, number);
      words[word].insert(number);
    }
  }
  ASSERT_GT(words.size(), 1000u) << "too few for several blocks";
  EXPECT_EQ(vocabulary.words(), words.size());
  const auto check = [&](const Numbers& without) {
    for (const std::string prefix : {"a", "f", "g", "ab", "abc", "abcde", "abcdef", "ö", "öa", "fffff", "z", "c"}) {
      Numbers expected;
      for (const auto& [word, numbers] : words)
        if (word.starts_with(prefix)) expected.insert(numbers.begin(), numbers.end());
      for (const auto number : without) expected.erase(number);
      EXPECT_EQ(in(vocabulary.having_prefix(prefix, bound)), expected) << prefix;
    }
  };
  check({});

  // Some are forgotten, while others come.
  Bits gone(bound);
  Numbers without;
  for (std::uint32_t number = 0; number < bound; number += 3) {
    gone.set(number);
    without.insert(number);
  }
  Vocabulary::Place place;
  for (std::uint32_t steps = 0; vocabulary.drop(gone, place); ++steps) {
    if (steps % 3 != 0) continue;
    const std::string word = "e" + std::to_string(steps);
    vocabulary.add(word, 1);
    words[word].insert(1);
  }
  check(without);
  std::size_t left = 0;
  for (const auto& [word, numbers] : words) left += !std::ranges::includes(without, numbers);
  EXPECT_EQ(vocabulary.words(), left) << "words that nothing has any more are still there";
}

TEST(SortedBlocks, AreASortedSet) {
  std::mt19937 random(2);
  SortedBlocks sorted;
  const auto before = [](const KeyedEntry& a, const KeyedEntry& b) {
    return std::tie(a.key, a.tie, a.number) < std::tie(b.key, b.tie, b.number);
  };
  std::set<std::tuple<std::int64_t, std::uint32_t, std::uint32_t>> expected;
  for (int i = 0; i < 30'000; ++i) {
    const KeyedEntry entry{static_cast<std::int64_t>(random() % 500) - 250, static_cast<std::uint32_t>(random() % 3),
                           static_cast<std::uint32_t>(random() % 10)};
    if (random() % 3 != 0) {
      sorted.insert(entry, before);
      expected.emplace(entry.key, entry.tie, entry.number);
    } else {
      sorted.erase(entry, before);
      expected.erase({entry.key, entry.tie, entry.number});
    }
  }
  ASSERT_GT(expected.size(), 4 * SortedBlocks::block_entries);
  EXPECT_EQ(sorted.size(), expected.size());
  for (const std::int64_t from : {-1000, -250, -3, 0, 249, 250}) {
    auto at = sorted.from([&](const KeyedEntry& entry) { return entry.key >= from; });
    auto wanted = expected.lower_bound({from, 0, 0});
    EXPECT_EQ(sorted.count_from([&](const KeyedEntry& entry) { return entry.key >= from; }),
              static_cast<std::size_t>(std::distance(wanted, expected.end())));
    for (; !at.end() && wanted != expected.end(); at.next(), ++wanted)
      ASSERT_EQ(std::tuple(at.entry().key, at.entry().tie, at.entry().number), *wanted);
    EXPECT_TRUE(at.end() && wanted == expected.end());
  }
  while (!expected.empty()) {
    const auto [key, tie, number] = *expected.begin();
    expected.erase(expected.begin());
    sorted.erase({key, tie, number}, before);
  }
  EXPECT_EQ(sorted.size(), 0u);
  EXPECT_TRUE(sorted.from([](const KeyedEntry&) { return true; }).end());
}

}  // namespace
}  // namespace abc2::market
