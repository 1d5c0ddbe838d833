#include "runtime/worker_pool.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "runtime/blocking.hpp"

namespace abc2::runtime {
namespace {

TEST(WorkerPool, RunsElsewhereAndComesBack) {
  WorkerPool pool(2, 8);
  struct Seen {
    std::thread::id before, worker, after;
  };
  const auto look = [](WorkerPool* its_pool) -> Task<Seen> {
    Seen seen;
    seen.before = std::this_thread::get_id();
    auto ran = co_await its_pool->run([] { return std::this_thread::get_id(); });
    seen.worker = ran.value();
    seen.after = std::this_thread::get_id();
    co_return seen;
  };
  const Seen seen = run_blocking(look(&pool));
  EXPECT_NE(seen.worker, seen.before);
  EXPECT_EQ(seen.after, seen.before);
}

TEST(WorkerPool, ReturnsResultsAndThrowsWhatIsThrown) {
  WorkerPool pool(1, 8);
  const auto failed = run_blocking(pool.run([]() -> Result<int> { return Error(Code::corrupt, "no"); }));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::corrupt);
  auto moved = run_blocking(pool.run([owned = std::make_unique<int>(7)] { return *owned; }));
  EXPECT_EQ(moved.value(), 7);
  EXPECT_THROW((void)run_blocking(pool.run([]() -> int { throw std::runtime_error("thrown"); })), std::runtime_error);
}

// One job is running and held; as many as the queue takes wait; the next is refused at once.
TEST(WorkerPool, AFullQueueRefuses) {
  constexpr std::size_t kQueue = 3;
  WorkerPool pool(1, kQueue);
  std::promise<void> started, release;
  boost::asio::io_context loop(1);
  std::vector<Result<int>> answers;
  const auto ask = [](WorkerPool* its_pool, std::function<int()> work, std::vector<Result<int>>* into) -> Task<void> {
    auto answer = co_await its_pool->run(std::move(work));
    into->push_back(std::move(answer));
  };
  boost::asio::co_spawn(loop.get_executor(),
                        ask(
                            &pool,
                            [&] {
                              started.set_value();
                              release.get_future().wait();
                              return 0;
                            },
                            &answers),
                        boost::asio::detached);
  loop.poll();
  started.get_future().wait();
  for (std::size_t i = 0; i < kQueue; ++i)
    boost::asio::co_spawn(loop.get_executor(), ask(&pool, [] { return 1; }, &answers), boost::asio::detached);
  loop.poll();
  EXPECT_EQ(pool.waiting(), kQueue);
  EXPECT_TRUE(answers.empty());
  boost::asio::co_spawn(loop.get_executor(), ask(&pool, [] { return 2; }, &answers), boost::asio::detached);
  loop.poll();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code(), Code::too_busy);
  release.set_value();
  loop.run();
  ASSERT_EQ(answers.size(), 2 + kQueue);
  for (std::size_t i = 1; i < answers.size(); ++i) EXPECT_TRUE(answers[i].has_value());
}

TEST(WorkerPool, StoppingRefusesWhatWaits) {
  WorkerPool pool(1, 8);
  std::promise<void> started, release;
  boost::asio::io_context loop(1);
  std::vector<Result<int>> answers;
  const auto ask = [](WorkerPool* its_pool, std::function<int()> work, std::vector<Result<int>>* into) -> Task<void> {
    auto answer = co_await its_pool->run(std::move(work));
    into->push_back(std::move(answer));
  };
  boost::asio::co_spawn(loop.get_executor(),
                        ask(
                            &pool,
                            [&] {
                              started.set_value();
                              release.get_future().wait();
                              return 0;
                            },
                            &answers),
                        boost::asio::detached);
  loop.poll();
  started.get_future().wait();
  boost::asio::co_spawn(loop.get_executor(), ask(&pool, [] { return 1; }, &answers), boost::asio::detached);
  loop.poll();
  std::thread stopper([&] { pool.stop(); });
  // What waited is refused while the thread is still at its work.
  while (answers.empty()) loop.run_one();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code(), Code::unavailable);
  release.set_value();
  stopper.join();
  loop.run();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].value(), 0);
  const auto late = run_blocking(pool.run([] { return 2; }));
  EXPECT_EQ(late.error().code(), Code::unavailable);
}

TEST(WorkerPool, ManyAtOnce) {
  WorkerPool pool(4, 1000);
  std::vector<std::thread> threads;
  std::atomic<int> sum = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const auto add = [](WorkerPool* its_pool, std::atomic<int>* into) -> Task<void> {
        for (int i = 0; i < 200; ++i) {
          auto one = co_await its_pool->run([] { return 1; });
          *into += one.value();
        }
      };
      run_blocking(add(&pool, &sum));
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sum, 800);
}

}  // namespace
}  // namespace abc2::runtime
