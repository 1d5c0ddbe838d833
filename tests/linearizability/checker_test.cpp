// Small histories by hand: what must be refused, and for which operation; what must not.
#include "checker.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace abc2::registers {
namespace {

// "add a 1" and so on, from `start` to `end`; the client is of no account.
Operation get(std::int64_t start, std::int64_t end, const char* value = nullptr, std::uint64_t version = 0) {
  Operation operation{.key = "k", .client = "c", .verb = Verb::get, .start = start, .end = end};
  if (value) operation.value = value;
  if (value) operation.version = version;
  return operation;
}
Operation failed_get(std::int64_t start, std::int64_t end) {
  Operation operation = get(start, end);
  operation.outcome = Outcome::error;
  return operation;
}
Operation add(std::int64_t start, std::int64_t end, const char* value, Outcome outcome, std::uint64_t version = 0) {
  Operation operation{.key = "k", .client = "c", .verb = Verb::add, .start = start, .end = end, .outcome = outcome};
  operation.value = value;
  if (outcome == Outcome::applied) operation.version = version;
  return operation;
}
Operation replace(std::int64_t start, std::int64_t end, std::uint64_t expected, const char* value, Outcome outcome,
                  std::uint64_t version = 0) {
  Operation operation = add(start, end, value, outcome, version);
  operation.verb = Verb::replace;
  operation.expected = expected;
  return operation;
}

constexpr auto applied = Outcome::applied, rejected = Outcome::rejected, unknown = Outcome::unknown,
               error = Outcome::error;

struct Case {
  const char* name;
  History history;
  int misfit = -1;  // the index of the operation that has no place; -1: it is lawful
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class Checked : public testing::TestWithParam<Case> {};

TEST_P(Checked, AsItMustBe) {
  const Case& one = GetParam();
  const auto verdict = check(one.history);
  ASSERT_EQ(verdict.holds(), one.misfit < 0) << (verdict.holds() ? "" : verdict.findings[0].story);
  if (one.misfit < 0) return;
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(to_line(verdict.findings[0].misfit), to_line(one.history[static_cast<std::size_t>(one.misfit)]))
      << verdict.findings[0].story;
  EXPECT_NE(verdict.findings[0].story.find("has no order"), std::string::npos);
  EXPECT_FALSE(check(verdict.findings[0].needed).holds()) << "the story tells of something that is possible";
}

INSTANTIATE_TEST_SUITE_P(
    Lawful, Checked,
    testing::Values(
        Case{"nothing", {}},
        Case{"one after the other",
             {get(0, 1), add(2, 3, "a", applied, 7), get(4, 5, "a", 7), replace(6, 7, 7, "b", applied, 9),
              get(8, 9, "b", 9), replace(10, 11, 7, "c", rejected), add(12, 13, "d", rejected)}},
        Case{"a read beside a write may see either",
             {add(0, 10, "a", applied, 1), get(1, 2), get(3, 4, "a", 1), get(5, 6, "a", 1)}},
        Case{"a write that ends when a read starts is beside it", {add(0, 5, "a", applied, 1), get(5, 6)}},
        Case{"one of two adds", {add(0, 5, "a", rejected), add(1, 6, "b", applied, 1)}},
        Case{"one of two replaces",
             {add(0, 1, "a", applied, 1), replace(2, 9, 1, "b", rejected), replace(3, 8, 1, "c", applied, 2)}},
        Case{"an unknown write that was made", {add(0, 5, "a", unknown), get(6, 7, "a", 1)}},
        Case{"an unknown write that never was", {add(0, 5, "a", unknown), get(6, 7), get(8, 9)}},
        Case{"an unknown write that lands late",
             {add(0, 5, "a", unknown), get(6, 7), get(8, 9), get(10, 11, "a", 1), get(12, 13, "a", 1)}},
        Case{"a rejection by an unknown write that nobody has seen",
             {add(0, 1, "a", applied, 1), replace(2, 3, 1, "b", unknown), replace(4, 5, 1, "c", rejected)}},
        Case{"two unknown writes, of which one is made after the other",
             {add(0, 1, "a", unknown), get(2, 3, "a", 1), replace(4, 5, 1, "b", unknown), get(6, 7, "a", 1),
              get(8, 9, "b", 2)}},
        Case{"an error that was none", {add(0, 5, "a", error), get(6, 7), add(8, 9, "b", applied, 1)}},
        Case{"a read that failed says nothing", {add(0, 1, "a", applied, 1), failed_get(2, 3)}},
        Case{"an echo", {add(0, 5, "a", rejected), get(6, 7, "a", 1)}},
        Case{"an echo of a replace",
             {add(0, 1, "a", applied, 1), replace(2, 3, 1, "b", rejected), get(4, 5, "b", 2),
              replace(6, 7, 2, "c", applied, 3)}},
        Case{"a replace of what a read has just seen of another's write that has not ended",
             {add(0, 20, "a", applied, 1), get(1, 2, "a", 1), replace(3, 4, 1, "b", applied, 2), get(5, 6, "b", 2)}}),
    [](const auto& info) { return std::to_string(info.index); });

INSTANTIATE_TEST_SUITE_P(
    Refused, Checked,
    testing::Values(
        Case{"a read from the past",
             {add(0, 1, "a", applied, 1), replace(2, 3, 1, "b", applied, 2), get(4, 5, "a", 1)},
             2},
        Case{"an acknowledged write that is gone", {add(0, 1, "a", applied, 1), get(2, 3)}, 1},
        Case{"a read that goes back", {add(0, 20, "a", applied, 1), get(1, 2, "a", 1), get(3, 4)}, 2},
        Case{"a lost update",
             {add(0, 1, "a", applied, 1), replace(2, 6, 1, "b", applied, 2), replace(3, 7, 1, "c", applied, 3)},
             2},
        Case{"two adds", {add(0, 5, "a", applied, 1), add(1, 6, "b", applied, 2)}, 1},
        Case{"an add to what was seen", {add(0, 1, "a", unknown), get(2, 3, "a", 1), add(4, 5, "b", applied, 2)}, 2},
        Case{"a replace of nothing", {get(0, 1), replace(2, 3, 1, "a", applied, 2)}, 1},
        Case{"an unknown write that is seen and vanishes",
             {add(0, 1, "a", applied, 1), replace(2, 3, 1, "b", unknown), get(4, 5, "b", 2), get(6, 7, "a", 1)},
             3},
        Case{"an unknown write that is seen before it starts", {get(0, 1, "a", 1), add(2, 3, "a", unknown)}, 0},
        Case{"a rejection without a reason",
             {add(0, 1, "a", applied, 1), replace(2, 3, 1, "b", rejected), get(4, 5, "a", 1)},
             2},
        Case{"a rejected add without a reason", {add(0, 1, "a", rejected), get(2, 3)}, 1},
        Case{"a rejected write that lands later",
             {add(0, 1, "a", applied, 1), replace(2, 3, 1, "b", rejected), get(4, 5, "a", 1), get(6, 7, "b", 2)},
             2},
        Case{"what was said not to be written", {add(0, 1, "a", error), get(2, 3, "a", 1)}, 1},
        Case{"a value that nobody wrote", {add(0, 1, "a", applied, 1), get(2, 3, "z", 1)}, 1},
        Case{"a value with two versions", {add(0, 1, "a", applied, 1), get(2, 3, "a", 2)}, 1},
        Case{"two values with one version", {add(0, 1, "a", applied, 1), replace(2, 3, 1, "b", applied, 1)}, 1},
        Case{"two unknown writes, of which both are made of one version",
             {add(0, 1, "a", applied, 1), replace(2, 3, 1, "b", unknown), replace(2, 3, 1, "c", unknown),
              get(4, 5, "b", 2), get(6, 7, "c", 3)},
             4}),
    [](const auto& info) { return std::to_string(info.index); });

TEST(Checker, TellsTheSmallestStory) {
  History history{add(0, 1, "a", applied, 1)};
  for (int i = 0; i < 200; ++i) history.push_back(get(10 + i * 3, 11 + i * 3, "a", 1));
  history.push_back(replace(1000, 1001, 1, "b", applied, 2));
  for (int i = 0; i < 200; ++i) history.push_back(get(2000 + i * 3, 2001 + i * 3, "b", 2));
  history.push_back(get(3000, 3001, "a", 1));
  for (int i = 0; i < 200; ++i) history.push_back(get(4000 + i * 3, 4001 + i * 3, "b", 2));
  const auto verdict = check(history);
  ASSERT_EQ(verdict.findings.size(), 1u);
  const auto& finding = verdict.findings[0];
  EXPECT_EQ(finding.misfit.start, 3000);
  EXPECT_EQ(finding.needed.size(), 3u) << finding.story;
  EXPECT_NE(finding.story.find("the first 402 have an order"), std::string::npos) << finding.story;
  EXPECT_LT(std::ranges::count(finding.story, '\n'), 15) << finding.story;
}

TEST(Checker, JudgesEachDocumentByItself) {
  History history{add(0, 1, "a", applied, 1), get(2, 3)};
  History other{add(0, 1, "a", applied, 1), get(2, 3, "a", 1)};
  for (auto& operation : other) operation.key = "other";
  history.insert(history.end(), other.begin(), other.end());
  const auto verdict = check(history);
  EXPECT_EQ(verdict.documents, 2u);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings[0].key, "k");
}

TEST(Checker, CountsEchoesAndWhatWasUnknown) {
  History history{add(0, 1, "a", rejected), get(2, 3, "a", 1), replace(4, 5, 1, "b", unknown), get(6, 7, "b", 2),
                  replace(8, 9, 2, "c", unknown)};
  const auto verdict = check(history);
  EXPECT_TRUE(verdict.holds());
  EXPECT_EQ(verdict.echoes, 1u);
  EXPECT_EQ(verdict.unknown, 2u);
  EXPECT_EQ(verdict.unknown_applied, 1u);
}

TEST(Checker, HistoriesAreReadAsTheyWereWritten) {
  const History history{add(1, 2, "a \"quoted\"", applied, 18'446'744'073'709'551'615u),
                        get(3, 4),
                        get(5, 6, "a \"quoted\"", 18'446'744'073'709'551'615u),
                        replace(7, 8, 3, "b", unknown),
                        failed_get(9, 10),
                        add(11, 12, "c", error),
                        add(13, 14, "d", rejected)};
  std::stringstream lines;
  for (const auto& operation : history) lines << to_line(operation) << '\n';
  const auto read = read_history(lines);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read.value().size(), history.size());
  for (std::size_t i = 0; i < history.size(); ++i) EXPECT_EQ(to_line(read.value()[i]), to_line(history[i]));
  std::istringstream torn(to_line(history[0]) + "\n{\"key\":\"k\",\"cli");
  ASSERT_FALSE(read_history(torn));
  EXPECT_EQ(read_history(torn = std::istringstream("{}")).error().code(), Code::corrupt);
}

}  // namespace
}  // namespace abc2::registers
