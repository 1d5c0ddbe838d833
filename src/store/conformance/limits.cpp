// Keys and values at their limits, and one beyond.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "store/conformance/lab.hpp"

namespace abc2::store::conformance {

namespace {

std::vector<Key> odd_keys() {
  std::vector<Key> keys = {
      std::string("\0", 1),
      std::string("a\0b", 3),
      std::string("a\0", 2),
      "a",
      "\xff",
      "\xff\xff",
      "\xff\xff\xff",
      "\xc3\x28",
      "\xed\xa0\x80",
      "/",
      "//",
      "a/b/../c",
      "..",
      " ",
      "a b\tc\nd\re",
      "%00",
      "'\"\\;--",
      "*",
      "K",
      "k",
  };
  keys.push_back(std::string(limits::key_bytes, '\0'));
  keys.push_back(std::string(limits::key_bytes, '\xff'));
  keys.push_back(std::string(limits::key_bytes - 1, '\xff'));
  for (int byte = 0; byte < 256; ++byte) keys.push_back(std::string("byte ") + static_cast<char>(byte));
  return keys;
}

Task<void> add_key(Store& store, Key key, std::string& answer) {
  auto outcome = co_await store.add(key, "of " + key);
  answer = told(outcome);
}

Task<void> get_key(Store& store, Key key, std::string& answer) {
  auto found = co_await store.get(key);
  answer = told(found);
}

void keys_are_any_bytes(Lab& lab) {
  const auto keys = odd_keys();
  std::vector<std::string> answers(keys.size());
  std::vector<Task<void>> tasks;
  for (std::size_t i = 0; i < keys.size(); ++i) tasks.push_back(add_key(lab.store(), keys[i], answers[i]));
  lab.run_all(std::move(tasks));
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(answers[i], "applied") << testing::PrintToString(keys[i]);
  tasks.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) tasks.push_back(get_key(lab.store(), keys[i], answers[i]));
  lab.run_all(std::move(tasks));
  for (std::size_t i = 0; i < keys.size(); ++i)
    EXPECT_EQ(answers[i], "\"of " + keys[i] + "\"") << testing::PrintToString(keys[i]);
}

void keys_beyond_the_limits_are_refused(Lab& lab) {
  for (const Key& key : {Key(), Key(limits::key_bytes + 1, 'k')}) {
    EXPECT_EQ(told(lab.get(key)), "invalid_argument");
    EXPECT_EQ(told(lab.add(key, "v")), "invalid_argument");
    EXPECT_EQ(told(lab.replace(key, Version(1), "v")), "invalid_argument");
    EXPECT_EQ(told(lab.run(lab.store().watch(key, std::nullopt, Milliseconds(0)))), "invalid_argument");
  }
  EXPECT_EQ(told(lab.scan("", "", 10)), "") << "nothing was written";
}

void values_up_to_the_limit(Lab& lab) {
  Value binary(limits::value_bytes, '\0');
  std::minstd_rand random(1);
  for (auto& byte : binary) byte = static_cast<char>(random() >> 8);
  const auto empty = lab.put("empty", "");
  EXPECT_EQ(lab.get("empty").value(), (Stored{"", empty}));
  const auto full = lab.put("k", binary);
  EXPECT_TRUE(lab.get("k").value() == (Stored{binary, full}));
  std::reverse(binary.begin(), binary.end());
  const auto again = lab.change("k", full, binary);
  EXPECT_TRUE(lab.get("k").value() == (Stored{binary, again}));
  const auto nothing = lab.change("k", again, "");
  EXPECT_EQ(lab.get("k").value(), (Stored{"", nothing}));
}

void values_beyond_the_limit_are_refused(Lab& lab) {
  const Value too_long(limits::value_bytes + 1, 'v');
  EXPECT_EQ(told(lab.add("k", too_long)), "invalid_argument");
  EXPECT_EQ(told(lab.get("k")), "absent") << "nothing was written";
  const auto version = lab.put("k", "short");
  EXPECT_EQ(told(lab.replace("k", version, too_long)), "invalid_argument");
  EXPECT_EQ(lab.get("k").value(), (Stored{"short", version})) << "nothing was written";
}

constexpr Case kCases[] = {
    {"KeysAreAnyBytes", keys_are_any_bytes},
    {"KeysBeyondTheLimitsAreRefused", keys_beyond_the_limits_are_refused},
    {"ValuesUpToTheLimit", values_up_to_the_limit},
    {"ValuesBeyondTheLimitAreRefused", values_beyond_the_limit_are_refused},
};

}  // namespace

std::span<const Case> limit_cases() { return kCases; }

}  // namespace abc2::store::conformance
