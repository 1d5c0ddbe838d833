// How fast an audit reads, and that it ends with the process.
#include <gtest/gtest.h>

#include "market/test_town.hpp"
#include "market/test_world.hpp"

namespace abc2::market::test {
namespace {

TEST(AuditPace, IsKept) {
  Tools tools;
  testing::World world;
  const Documents town = old_town(tools);
  fill(world.memory, town);
  Audit audit(world.memory, world.runtime);
  const Time began = world.runtime.now();
  EXPECT_EQ(text(testing::run(audit.look())), "");
  EXPECT_EQ(world.runtime.now(), began) << "who asks for it waits for nothing";
  EXPECT_EQ(text(testing::run(audit.look(10))), "");
  const auto documents = static_cast<std::int64_t>(town.size());
  EXPECT_GE(world.runtime.now() - began, Milliseconds((documents - 10) * 100))
      << documents << " documents, 10 a second";
  EXPECT_LE(world.runtime.now() - began, Milliseconds(documents * 100));
}

TEST(AuditPace, EndsWithTheProcess) {
  Tools tools;
  testing::World world;
  fill(world.memory, new_town(tools));
  world.runtime.stop = true;
  Audit audit(world.memory, world.runtime);
  EXPECT_EQ(testing::fails(audit.run(Milliseconds(1000), 10)), Code::unavailable);
}

}  // namespace
}  // namespace abc2::market::test
