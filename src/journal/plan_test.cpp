#include "journal/plan.hpp"

#include <gmock/gmock.h>

#include "journal/test_tokens.hpp"

namespace abc2::journal {
namespace {

using store::Version;
using testing::World;

TEST(Plan, IsTheFiveWritesOfASaleInTheirOrder) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  std::vector<std::pair<std::string, store::Key>> order;
  for (const auto& write : plan.writes) order.emplace_back(write.name, write.key);
  EXPECT_EQ(order, (std::vector<std::pair<std::string, store::Key>>{{"lock", "ann"},
                                                                    {"fill", "box/token/1"},
                                                                    {"receipt", "box/receipt/1"},
                                                                    {"debit", "ann"},
                                                                    {"advance", "box"}}));
  EXPECT_TRUE(std::holds_alternative<Version>(plan.writes[0].condition));
  EXPECT_EQ(plan.writes[1].condition, Condition(Absent{}));
  EXPECT_EQ(plan.writes[3].condition, Condition(MadeBy{0}));

  const auto locked = store::decode<testing::Purse>(plan.writes[0].value).value();
  EXPECT_EQ(locked.money, Satoshi(100)) << "the money is there until the entry is decided";
  ASSERT_TRUE(locked.hold);
  EXPECT_EQ(locked.hold->attempt, "a1");
  EXPECT_EQ(locked.hold->entry.text, plan.writes[1].value) << "the hold carries what it wants to add";
  const auto debited = store::decode<testing::Purse>(plan.writes[3].value).value();
  EXPECT_EQ(debited.money, Satoshi(90));
  EXPECT_FALSE(debited.hold);
  EXPECT_EQ(store::decode<testing::Box>(plan.writes[4].value).value().last, 1u);
}

TEST(Plan, FoldedItHasTheSameFinalContentsAndNoHold) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  const auto writes = folded(plan.writes);
  ASSERT_EQ(writes.size(), 4u);
  EXPECT_EQ(writes[0]->key, "ann");
  EXPECT_EQ(writes[0]->value, plan.writes[3].value) << "the end of it";
  EXPECT_EQ(writes[3]->value, plan.writes[4].value);

  const engines::MemoryStore with_commits(world.runtime, {.commits = true});
  const auto together = as_commit(with_commits, plan.writes);
  ASSERT_TRUE(together);
  EXPECT_EQ(together->at(0).expected, std::get<store::Version>(plan.writes[0].condition)) << "on what was read";
  EXPECT_EQ(together->at(1).expected, std::nullopt);
  EXPECT_EQ(together->at(0).value, plan.writes[3].value);
  EXPECT_FALSE(as_commit(world.memory, plan.writes)) << "which has no commits";
}

TEST(Plan, PreparationsComeBeforeTheLock) {
  World world;
  const auto box = world.run(store::get_existing<testing::Box>(world.memory, "box", ""));
  const auto ann = world.run(store::get_existing<testing::Purse>(world.memory, "ann", ""));
  const Plan plan = Journal<testing::TokenKind>::plan("box", box, "ann", ann, {"a1", "ann"}, world.runtime.now(),
                                                      {{"page", "page/1", "x"}}, ann.value);
  EXPECT_EQ(plan.lock, 1u);
  EXPECT_EQ(plan.writes[0].name, "page");
  EXPECT_EQ(plan.writes[plan.lock].name, "lock");
  EXPECT_EQ(plan.writes[plan.fill()].name, "fill");
  EXPECT_EQ(plan.writes[4].condition, Condition(MadeBy{1}));
}

}  // namespace
}  // namespace abc2::journal
