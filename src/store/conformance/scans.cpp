// Lists: order, pages, prefixes.
#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "store/conformance/lab.hpp"

namespace abc2::store::conformance {

namespace {

void in_the_order_of_the_keys_bytes(Lab& lab) {
  std::vector<Key> keys = {"b", "a", "ab", "a/1", "a/10", "a/2", "\x7f", "\x80", "\xff", std::string("a\0", 2), "Z"};
  for (const auto& key : keys) lab.put(key, "of " + key);
  std::sort(keys.begin(), keys.end());  // std::string compares bytes as unsigned
  const auto page = lab.scan("", "", 100);
  ASSERT_TRUE(page.has_value());
  EXPECT_FALSE(page.value().more);
  ASSERT_EQ(page.value().items.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(page.value().items[i].key, keys[i]);
    EXPECT_EQ(page.value().items[i].document, lab.get(keys[i]).value());
  }
}

void only_the_prefix(Lab& lab) {
  for (const auto* key : {"a", "a/", "a/1", "a/2", "a0", "b"}) lab.put(key, "");
  EXPECT_EQ(told(lab.scan("a/", "", 100)), "a/ a/1 a/2");
  EXPECT_EQ(told(lab.scan("a/1", "", 100)), "a/1");
  EXPECT_EQ(told(lab.scan("a/1x", "", 100)), "");
  EXPECT_EQ(told(lab.scan("c", "", 100)), "");
  EXPECT_EQ(told(lab.scan("", "", 100)), "a a/ a/1 a/2 a0 b");
}

void prefixes_at_the_end_of_the_order(Lab& lab) {
  for (const auto* key : {"\xfe", "\xfe\xff", "\xfe\xff\xff", "\xff", "\xff\x01", "\xff\xff", "\xff\xff\xff"})
    lab.put(key, "");
  EXPECT_EQ(told(lab.scan("\xfe\xff", "", 100)), "\xfe\xff \xfe\xff\xff");
  EXPECT_EQ(told(lab.scan("\xff", "", 100)), "\xff \xff\x01 \xff\xff \xff\xff\xff");
  EXPECT_EQ(told(lab.scan("\xff\xff", "", 100)), "\xff\xff \xff\xff\xff");
  EXPECT_EQ(told(lab.scan(std::string(limits::key_bytes, '\xff'), "", 100)), "");
}

void pages_join_without_gap_or_overlap(Lab& lab) {
  for (int i = 0; i < 7; ++i) lab.put("k" + std::to_string(i), "");
  lab.put("l", "");
  EXPECT_EQ(told(lab.scan("k", "", 3)), "k0 k1 k2 ...");
  EXPECT_EQ(told(lab.scan("k", "k2", 3)), "k3 k4 k5 ...");
  EXPECT_EQ(told(lab.scan("k", "k5", 3)), "k6");
  EXPECT_EQ(told(lab.scan("k", "k3", 3)), "k4 k5 k6") << "a page that is just full has no more";
  EXPECT_EQ(told(lab.scan("k", "k6", 3)), "");
}

void after_may_be_any_key(Lab& lab) {
  for (const auto* key : {"a", "k1", "k2", "k3", "z"}) lab.put(key, "");
  EXPECT_EQ(told(lab.scan("k", "a", 10)), "k1 k2 k3") << "before the prefix";
  EXPECT_EQ(told(lab.scan("k", "k", 10)), "k1 k2 k3");
  EXPECT_EQ(told(lab.scan("k", "k11", 10)), "k2 k3") << "a key that is not there";
  EXPECT_EQ(told(lab.scan("k", std::string("k1\0", 3), 10)), "k2 k3");
  EXPECT_EQ(told(lab.scan("k", "l", 10)), "") << "behind the prefix";
  EXPECT_EQ(told(lab.scan("k", "z", 10)), "");
  EXPECT_EQ(told(lab.scan("", "k3", 10)), "z");
}

Task<void> add_some(Store& store, int from, int step, int until) {
  for (int i = from; i < until; i += step) {
    auto outcome = co_await store.add("k" + std::to_string(100000 + i), "");
    EXPECT_EQ(told(outcome), "applied");
  }
}

void a_page_is_no_longer_than_its_limit(Lab& lab) {
  EXPECT_EQ(told(lab.scan("k", "", 0)), "invalid_argument");
  constexpr int kTooMany = static_cast<int>(limits::scan_items) + 1;
  std::vector<Task<void>> writers;
  for (int i = 0; i < 64; ++i) writers.push_back(add_some(lab.store(), i, 64, kTooMany));
  lab.run_all(std::move(writers));
  const auto page = lab.scan("k", "", limits::scan_items * 10);
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page.value().items.size(), limits::scan_items);
  EXPECT_TRUE(page.value().more);
  const auto rest = lab.scan("k", page.value().items.back().key, limits::scan_items);
  ASSERT_TRUE(rest.has_value());
  EXPECT_EQ(rest.value().items.size(), 1u);
  EXPECT_FALSE(rest.value().more);
}

void sees_what_was_acknowledged(Lab& lab) {
  auto version = lab.put("k", "0");
  for (int i = 1; i <= 20; ++i) {
    version = lab.change("k", version, std::to_string(i));
    const auto page = lab.scan("k", "", 10);
    ASSERT_TRUE(page.has_value());
    ASSERT_EQ(page.value().items.size(), 1u);
    EXPECT_EQ(page.value().items[0].document, (Stored{std::to_string(i), version}));
  }
}

constexpr Case kCases[] = {
    {"ScanIsInTheOrderOfTheKeysBytes", in_the_order_of_the_keys_bytes},
    {"ScanFindsOnlyThePrefix", only_the_prefix},
    {"ScanOfPrefixesAtTheEndOfTheOrder", prefixes_at_the_end_of_the_order},
    {"ScanPagesJoinWithoutGapOrOverlap", pages_join_without_gap_or_overlap},
    {"ScanAfterMayBeAnyKey", after_may_be_any_key},
    {"ScanPageIsNoLongerThanItsLimit", a_page_is_no_longer_than_its_limit},
    {"ScanSeesWhatWasAcknowledged", sees_what_was_acknowledged},
};

}  // namespace

std::span<const Case> scan_cases() { return kCases; }

}  // namespace abc2::store::conformance
