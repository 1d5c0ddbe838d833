// The verb commit, of engines that have it: all or nothing, one winner, and never half of it to be seen.
#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "store/conformance/lab.hpp"

namespace abc2::store::conformance {

namespace {

Result<WriteOutcome::Kind> commit(Lab& lab, std::vector<Write> writes) {
  return lab.run(lab.store().commit(std::move(writes)));
}

std::string told(const Result<WriteOutcome::Kind>& answer) {
  return std::string(answer ? to_string(answer.value()) : to_string(answer.error().code()));
}
using conformance::told;

#define ABC2_NEEDS_COMMIT(lab) \
  if (!(lab).store().commits()) GTEST_SKIP() << "this engine changes one document at a time"

void without_the_verb_it_is_refused(Lab& lab) {
  if (lab.store().commits()) GTEST_SKIP() << "this engine has it";
  EXPECT_EQ(told(commit(lab, {{"a", std::nullopt, "1"}})), "invalid_argument");
  EXPECT_EQ(told(lab.get("a")), "absent");
}

void all_of_it_is_written(Lab& lab) {
  ABC2_NEEDS_COMMIT(lab);
  const auto a = lab.put("a", "1");
  EXPECT_EQ(told(commit(lab, {{"a", a, "2"}, {"b", std::nullopt, "3"}, {"c", std::nullopt, ""}})), "applied");
  EXPECT_EQ(told(lab.get("a")), "\"2\"");
  EXPECT_EQ(told(lab.get("b")), "\"3\"");
  EXPECT_EQ(told(lab.get("c")), "\"\"");
  EXPECT_EQ(told(lab.scan("", "", 10)), "a b c");
  // What was written has versions like any other document.
  EXPECT_EQ(told(lab.replace("a", a, "late")), "rejected");
  lab.change("a", lab.get("a").value()->version, "4");
  lab.change("b", lab.get("b").value()->version, "5");
  EXPECT_EQ(told(commit(lab, {{"d", std::nullopt, "alone"}})), "applied");
}

void one_condition_that_fails_keeps_all_of_it_out(Lab& lab) {
  ABC2_NEEDS_COMMIT(lab);
  const auto a = lab.put("a", "1");
  const auto b = lab.put("b", "1");
  const auto passed = b;
  const auto now = lab.change("b", b, "2");
  EXPECT_EQ(told(commit(lab, {{"a", a, "x"}, {"b", passed, "x"}})), "rejected") << "a version that has passed";
  EXPECT_EQ(told(commit(lab, {{"b", passed, "x"}, {"a", a, "x"}})), "rejected");
  EXPECT_EQ(told(commit(lab, {{"a", a, "x"}, {"b", std::nullopt, "x"}})), "rejected") << "the key exists";
  EXPECT_EQ(told(commit(lab, {{"c", std::nullopt, "x"}, {"b", std::nullopt, "x"}})), "rejected");
  EXPECT_EQ(told(commit(lab, {{"c", std::nullopt, "x"}, {"d", a, "x"}})), "rejected") << "the key is absent";
  EXPECT_EQ(told(commit(lab, {{"c", std::nullopt, "x"}, {"d", Version(0), "x"}})), "rejected");
  EXPECT_EQ(lab.get("a").value(), (Stored{"1", a}));
  EXPECT_EQ(lab.get("b").value(), (Stored{"2", now}));
  EXPECT_EQ(told(lab.scan("", "", 10)), "a b");
  EXPECT_EQ(told(commit(lab, {{"a", a, "x"}, {"b", now, "x"}})), "applied") << "and what is right is carried out";
}

void what_cannot_be_is_refused(Lab& lab) {
  ABC2_NEEDS_COMMIT(lab);
  EXPECT_EQ(told(commit(lab, {})), "invalid_argument");
  EXPECT_EQ(told(commit(lab, {{"a", std::nullopt, "1"}, {"b", std::nullopt, "1"}, {"a", std::nullopt, "2"}})),
            "invalid_argument")
      << "a key twice";
  EXPECT_EQ(told(commit(lab, {{"a", std::nullopt, "1"}, {"", std::nullopt, "1"}})), "invalid_argument");
  std::vector<Write> many;
  for (std::size_t i = 0; i <= limits::commit_writes; ++i) many.push_back({"k" + std::to_string(i), std::nullopt, "1"});
  EXPECT_EQ(told(commit(lab, many)), "invalid_argument");
  many.pop_back();
  EXPECT_EQ(told(commit(lab, many)), "applied");
  const Value large(limits::value_bytes, 'x');
  EXPECT_EQ(told(commit(lab, {{"a", std::nullopt, large}, {"b", std::nullopt, large}})), "invalid_argument")
      << "larger than a commit may be";
  EXPECT_EQ(told(lab.get("a")), "absent");
  EXPECT_EQ(told(commit(lab, {{"a", std::nullopt, large}, {"b", std::nullopt, Value(large.size() - 1000, 'y')}})),
            "applied");
}

constexpr int kWriters = 16;
constexpr int kRounds = 15;

// One of the writers of a round: of documents that overlap with its neighbours', in another order than theirs.
Task<void> try_commit(Store& store, std::vector<Write> writes, std::atomic<int>& applied, std::atomic<int>& strange) {
  auto outcome = co_await store.commit(std::move(writes));
  if (outcome && outcome.value() == WriteOutcome::Kind::applied) {
    ++applied;
  } else if (told(outcome) != "rejected") {
    ++strange;
  }
}

void one_of_many_that_overlap_is_applied(Lab& lab) {
  ABC2_NEEDS_COMMIT(lab);
  for (int round = 0; round < kRounds; ++round) {
    const Key key = "k" + std::to_string(round) + "/";
    const auto version = lab.put(key + "shared", "before");
    std::atomic<int> applied = 0;
    std::atomic<int> strange = 0;
    std::vector<Task<void>> writers;
    for (int i = 0; i < kWriters; ++i) {
      const Value mine = std::to_string(i);
      std::vector<Write> writes{
          {key + "shared", version, mine}, {key + "new", std::nullopt, mine}, {key + "own" + mine, std::nullopt, mine}};
      std::ranges::rotate(writes, writes.begin() + i % 3);
      writers.push_back(try_commit(lab.store(), std::move(writes), applied, strange));
    }
    lab.run_all(std::move(writers));
    ASSERT_EQ(strange, 0);
    ASSERT_EQ(applied, 1);
    const auto winner = lab.get(key + "shared").value()->value;
    EXPECT_EQ(told(lab.get(key + "new")), "\"" + winner + "\"");
    EXPECT_EQ(told(lab.scan(key, "", 100)), key + "new " + key + "own" + winner + " " + key + "shared");
  }
}

// Moves one from one of the documents to another, again and again.
Task<void> move(Store& store, int seed, int times, std::atomic<int>& strange) {
  constexpr int documents = 5;
  for (int i = 0; i < times;) {
    const Key from = "sum" + std::to_string((seed + i) % documents);
    const Key to = "sum" + std::to_string((seed * 3 + i * 7 + 1) % documents);
    if (from == to) {
      ++i;
      continue;
    }
    auto less = co_await store.get(from);
    auto more = co_await store.get(to);
    auto outcome =
        co_await store.commit({{from, less.value()->version, std::to_string(std::stoi(less.value()->value) - 1)},
                               {to, more.value()->version, std::to_string(std::stoi(more.value()->value) + 1)}});
    if (told(outcome) == "rejected") continue;
    if (told(outcome) != "applied") ++strange;
    ++i;
  }
}

void what_is_moved_is_neither_lost_nor_made(Lab& lab) {
  ABC2_NEEDS_COMMIT(lab);
  for (int i = 0; i < 5; ++i) lab.put("sum" + std::to_string(i), "100");
  std::atomic<int> strange = 0;
  std::vector<Task<void>> movers;
  for (int i = 0; i < 8; ++i) movers.push_back(move(lab.store(), i, 20, strange));
  lab.run_all(std::move(movers));
  EXPECT_EQ(strange, 0);
  int sum = 0;
  for (int i = 0; i < 5; ++i) sum += std::stoi(lab.get("sum" + std::to_string(i)).value()->value);
  EXPECT_EQ(sum, 500);
}

Task<void> write_both(Store& store, int rounds, std::atomic<bool>& over, std::atomic<int>& strange) {
  for (int i = 1; i <= rounds; ++i) {
    auto a = co_await store.get("a");
    auto b = co_await store.get("b");
    // What nobody reads lets a small cache forget the two in between.
    auto done = co_await store.commit({{"a", a.value()->version, std::to_string(i)},
                                       {"other" + std::to_string(i), std::nullopt, Value(2000, 'x')},
                                       {"b", b.value()->version, std::to_string(i)}});
    if (told(done) != "applied") ++strange;
  }
  over = true;
}

Task<void> read_both(Store& store, bool scanning, std::atomic<bool>& over, std::atomic<int>& halves) {
  while (!over) {
    for (const auto& [first, second] : {std::pair("a", "b"), std::pair("b", "a")}) {
      int seen = 0;
      if (scanning) {
        auto page = co_await store.scan(first, "", 1);
        seen = std::stoi(page.value().items.front().document.value);
      } else {
        auto one = co_await store.get(first);
        seen = std::stoi(one.value()->value);
      }
      auto other = co_await store.get(second);
      if (std::stoi(other.value()->value) < seen) ++halves;
    }
    co_await boost::asio::post(boost::asio::use_awaitable_t<Executor>());
  }
}

void nobody_sees_half_of_it(Lab& lab) {
  ABC2_NEEDS_COMMIT(lab);
  lab.put("a", "0");
  lab.put("b", "0");
  std::atomic<bool> over = false;
  std::atomic<int> halves = 0;
  std::atomic<int> strange = 0;
  std::vector<Task<void>> tasks;
  tasks.push_back(write_both(lab.store(), 300, over, strange));
  for (int i = 0; i < 5; ++i) tasks.push_back(read_both(lab.store(), i == 0, over, halves));
  lab.run_all(std::move(tasks));
  EXPECT_EQ(strange, 0);
  EXPECT_EQ(halves, 0) << "who has seen one of the documents changed must find the other changed";
}

void its_documents_are_watched(Lab& lab) {
  ABC2_NEEDS_COMMIT(lab);
  const auto version = lab.put("second", "before");
  std::atomic<int> seen = 0;
  const auto watch = [](Store& store, Version from, std::atomic<int>& count) -> Task<void> {
    auto changed = co_await store.watch("second", from, Milliseconds(20'000));
    if (told(changed) == "\"after\"") ++count;
  };
  lab.start(watch(lab.store(), version, seen));
  EXPECT_EQ(told(commit(lab, {{"first", std::nullopt, "1"}, {"second", version, "after"}})), "applied");
  lab.wait();
  EXPECT_EQ(seen, 1);
}

void it_is_there_after_a_restart(Lab& lab) {
  ABC2_NEEDS_COMMIT(lab);
  const auto version = lab.put("a", "1");
  ASSERT_EQ(told(commit(lab, {{"a", version, "2"}, {"b", std::nullopt, "2"}})), "applied");
  if (!lab.subject().reopen()) GTEST_SKIP() << "this engine keeps nothing";
  EXPECT_EQ(told(lab.get("a")), "\"2\"");
  EXPECT_EQ(told(lab.get("b")), "\"2\"");
  EXPECT_EQ(told(commit(lab, {{"a", version, "3"}, {"c", std::nullopt, "3"}})), "rejected");
}

constexpr Case kCases[] = {
    {"WithoutTheVerbCommitIsRefused", without_the_verb_it_is_refused},
    {"ACommitIsWrittenAsAWhole", all_of_it_is_written},
    {"OneConditionThatFailsKeepsACommitOut", one_condition_that_fails_keeps_all_of_it_out},
    {"ACommitThatCannotBeIsRefused", what_cannot_be_is_refused},
    {"OneOfManyCommitsThatOverlapIsApplied", one_of_many_that_overlap_is_applied},
    {"WhatCommitsMoveIsNeitherLostNorMade", what_is_moved_is_neither_lost_nor_made},
    {"NobodySeesHalfOfACommit", nobody_sees_half_of_it},
    {"DocumentsOfACommitAreWatched", its_documents_are_watched},
    {"ACommitIsThereAfterARestart", it_is_there_after_a_restart},
};

}  // namespace

std::span<const Case> commit_cases() { return kCases; }

}  // namespace abc2::store::conformance
