#include "runtime/mailbox.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtime/blocking.hpp"

namespace abc2::runtime {
namespace {

Task<void> wait_for(std::vector<Completion*>& taken, std::shared_ptr<int> resumed) {
  Completion completion;
  co_await suspend(completion, [&] { taken.push_back(&completion); });
  ++*resumed;
}

void give_back(std::vector<Completion*>& taken) {
  Deliveries deliveries;
  for (auto* completion : taken) deliveries.add(*completion);
  deliveries.send();
}

TEST(Mailbox, OneStepResumesAllThatCameBackTogether) {
  boost::asio::io_context one(1), two(1);
  std::vector<Completion*> taken;
  const auto resumed = std::make_shared<int>(0);
  for (int i = 0; i < 100; ++i)
    boost::asio::co_spawn(i % 2 ? one : two, wait_for(taken, resumed), boost::asio::detached);
  one.poll();
  two.poll();
  ASSERT_EQ(taken.size(), 100u);
  std::thread([&] { give_back(taken); }).join();
  EXPECT_EQ(*resumed, 0) << "on their own loops only";
  EXPECT_EQ(one.poll_one(), 1u);
  EXPECT_EQ(*resumed, 50);
  EXPECT_EQ(two.poll_one(), 1u);
  EXPECT_EQ(*resumed, 100);
}

TEST(Mailbox, ALoopThatGoesWaitsForWhatIsUnderWay) {
  std::vector<Completion*> taken;
  const auto resumed = std::make_shared<int>(0);
  std::thread worker;
  std::promise<void> going;
  {
    boost::asio::io_context context(1);
    for (int i = 0; i < 10; ++i) boost::asio::co_spawn(context, wait_for(taken, resumed), boost::asio::detached);
    context.poll();
    worker = std::thread([&] {
      going.get_future().wait();
      give_back(taken);
    });
    going.set_value();
  }
  worker.join();
  EXPECT_EQ(*resumed, 0);
  EXPECT_EQ(resumed.use_count(), 1) << "the coroutines are gone";
}

TEST(Mailbox, AnExceptionAtTheEndOfOneCoroutineDoesNotStrandTheOthers) {
  boost::asio::io_context context(1);
  std::vector<Completion*> taken;
  const auto resumed = std::make_shared<int>(0);
  for (int i = 0; i < 5; ++i)
    boost::asio::co_spawn(context, wait_for(taken, resumed),
                          [](std::exception_ptr) { throw std::runtime_error("as arranged"); });
  context.poll();
  give_back(taken);
  bool thrown = false;
  for (bool more = true; more;) {
    try {
      more = context.run_one() > 0;
    } catch (const std::exception&) {
      thrown = true;
    }
  }
  EXPECT_EQ(*resumed, 5);
  EXPECT_TRUE(thrown);
}

}  // namespace
}  // namespace abc2::runtime
