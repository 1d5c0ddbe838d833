// The outcomes of single writes, and their versions.
#include <vector>

#include "store/conformance/lab.hpp"

namespace abc2::store::conformance {

namespace {

void absent_until_added(Lab& lab) {
  EXPECT_EQ(told(lab.get("k")), "absent");
  const auto version = lab.put("k", "one");
  const auto found = lab.get("k");
  EXPECT_EQ(told(found), "\"one\"");
  EXPECT_EQ(found.value()->version, version) << "a write answers with the version that is read afterwards";
}

void add_of_an_existing_key_is_rejected(Lab& lab) {
  const auto version = lab.put("k", "one");
  EXPECT_EQ(told(lab.add("k", "two")), "rejected");
  EXPECT_EQ(told(lab.add("k", "one")), "rejected") << "the same value makes no difference";
  EXPECT_EQ(lab.get("k").value(), (Stored{"one", version}));
}

void replace_needs_the_version_that_is_there(Lab& lab) {
  const auto first = lab.put("k", "one");
  const auto second = lab.change("k", first, "two");
  EXPECT_EQ(lab.get("k").value(), (Stored{"two", second}));
  EXPECT_EQ(told(lab.replace("k", first, "three")), "rejected");
  EXPECT_EQ(lab.get("k").value(), (Stored{"two", second}));
  EXPECT_EQ(told(lab.add("k", "three")), "rejected");
}

void replace_of_an_absent_key_is_rejected(Lab& lab) {
  const auto version = lab.put("other", "one");
  EXPECT_EQ(told(lab.replace("k", version, "two")), "rejected");
  EXPECT_EQ(told(lab.replace("k", Version(0), "two")), "rejected");
  EXPECT_EQ(told(lab.get("k")), "absent");
  EXPECT_EQ(told(lab.add("k", "one")), "applied");
}

void versions_differ_after_each_write(Lab& lab) {
  std::vector<Version> versions{lab.put("k", "same")};
  for (int i = 0; i < 20; ++i) {
    const auto next = lab.change("k", versions.back(), "same");
    for (const auto earlier : versions) EXPECT_NE(next, earlier) << "also when the value is the same";
    versions.push_back(next);
  }
  versions.pop_back();
  for (const auto earlier : versions) EXPECT_EQ(told(lab.replace("k", earlier, "late")), "rejected");
  EXPECT_EQ(told(lab.get("k")), "\"same\"");
}

void keys_are_independent(Lab& lab) {
  const auto a = lab.put("a", "1");
  const auto b = lab.put("b", "1");
  lab.change("a", a, "2");
  EXPECT_EQ(lab.get("b").value(), (Stored{"1", b}));
}

void a_stale_read_answers_too(Lab& lab) {
  lab.put("k", "one");
  const auto found = lab.run(lab.store().get("k", Freshness::stale));
  // Any past state: absence is one of them.
  EXPECT_TRUE(told(found) == "\"one\"" || told(found) == "absent") << told(found);
}

constexpr Case kCases[] = {
    {"AbsentUntilAdded", absent_until_added},
    {"AddOfAnExistingKeyIsRejected", add_of_an_existing_key_is_rejected},
    {"ReplaceNeedsTheVersionThatIsThere", replace_needs_the_version_that_is_there},
    {"ReplaceOfAnAbsentKeyIsRejected", replace_of_an_absent_key_is_rejected},
    {"VersionsDifferAfterEachWrite", versions_differ_after_each_write},
    {"KeysAreIndependent", keys_are_independent},
    {"AStaleReadAnswersToo", a_stale_read_answers_too},
};

}  // namespace

std::span<const Case> write_cases() { return kCases; }

}  // namespace abc2::store::conformance
