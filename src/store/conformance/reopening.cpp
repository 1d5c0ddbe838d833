// What is there after the store was closed and opened again.
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "store/conformance/lab.hpp"

namespace abc2::store::conformance {

namespace {

using namespace std::chrono_literals;

void documents_and_versions_stay(Lab& lab) {
  std::vector<std::pair<Key, Stored>> documents;
  for (int i = 0; i < 50; ++i) {
    const Key key = "k" + std::to_string(i);
    Stored document{"first of " + key, lab.put(key, "first of " + key)};
    for (int j = 0; j < i % 3; ++j) {
      document.value = "change " + std::to_string(j) + " of " + key;
      document.version = lab.change(key, document.version, document.value);
    }
    documents.emplace_back(key, document);
  }
  const Value full(limits::value_bytes, 'v');
  documents.emplace_back(std::string(limits::key_bytes, '\xff'),
                         Stored{full, lab.put(std::string(limits::key_bytes, '\xff'), full)});
  if (!lab.subject().reopen()) GTEST_SKIP() << "this engine keeps nothing";
  for (auto& [key, document] : documents) {
    EXPECT_TRUE(lab.get(key).value() == document) << key;
    EXPECT_EQ(told(lab.add(key, "again")), "rejected") << key;
    const auto next = lab.change(key, document.version, "after reopening");
    EXPECT_EQ(told(lab.replace(key, document.version, "late")), "rejected") << key;
    document = {"after reopening", next};
  }
  EXPECT_EQ(told(lab.get("none")), "absent");
  ASSERT_TRUE(lab.subject().reopen());
  for (const auto& [key, document] : documents) EXPECT_EQ(lab.get(key).value(), document);
  EXPECT_EQ(lab.scan("", "", 100).value().items.size(), documents.size());
}

void a_version_never_comes_back(Lab& lab) {
  std::vector<Version> versions{lab.put("k", "same")};
  for (int i = 0; i < 5; ++i) {
    if (!lab.subject().reopen()) GTEST_SKIP() << "this engine keeps nothing";
    const auto next = lab.change("k", versions.back(), "same");
    for (const auto earlier : versions) EXPECT_NE(next, earlier);
    versions.push_back(next);
  }
}

Task<void> wait_for_change(Store& store, Key key, Version seen, std::string& answer) {
  auto now = co_await store.watch(key, seen, 60s);
  answer = told(now);
}

void a_watch_goes_on(Lab& lab) {
  const auto version = lab.put("k", "one");
  if (!lab.subject().reopen()) GTEST_SKIP() << "this engine keeps nothing";
  EXPECT_EQ(lab.run(lab.store().watch("k", version, 30ms)).value(), (Stored{"one", version}))
      << "reopening is no change";
  std::string answer;
  lab.start(wait_for_change(lab.store(), "k", version, answer));
  lab.change("k", version, "two");
  lab.wait();
  EXPECT_EQ(answer, "\"two\"");
}

constexpr Case kCases[] = {
    {"ReopenedDocumentsAndVersionsStay", documents_and_versions_stay},
    {"ReopenedVersionsNeverComeBack", a_version_never_comes_back},
    {"ReopenedWatchGoesOn", a_watch_goes_on},
};

}  // namespace

std::span<const Case> reopen_cases() { return kCases; }

}  // namespace abc2::store::conformance
