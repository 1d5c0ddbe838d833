// The process that is to be killed: many coroutines on several event loops add, replace and read documents for as long
// as it lives, and say what they do, before and after, through the pipe that is file descriptor 3.
//
//   store_crash_storm DIR SEED ROUND
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "engines/embedded/embedded_store.hpp"
#include "record.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/event_loops.hpp"

namespace {

using namespace abc2;
using namespace abc2::store_crash;

constexpr int kPipe = 3;
constexpr int kWriters = 64;

void tell(Record record) {
  if (::write(kPipe, &record, sizeof record) != sizeof record) std::_Exit(1);  // the test is gone
}

void fail(const std::string& why) {
  std::fprintf(stderr, "storm: %s\n", why.c_str());
  tell({Kind::failed, 0, 0, 0});
}

Task<void> write_for_ever(store::Store& store, std::uint64_t round, std::uint64_t writer, std::uint64_t seed) {
  std::mt19937_64 random(seed * 1'000'003 + round * 1'009 + writer);
  for (std::uint64_t count = 0;; ++count) {
    const auto draw = static_cast<std::uint32_t>(random() >> 32);
    const std::uint32_t key =
        draw % 3 == 0 ? kOldKeys + static_cast<std::uint32_t>(round) * kKeysOfARound + draw / 3 % kKeysOfARound
                      : draw / 3 % kOldKeys;
    const std::string name = key_name(key);
    auto found = co_await store.get(name);
    if (!found) co_return fail(found.error().message());
    Record seen{Kind::seen, key, 0, 0};
    if (const auto& now = found.value()) {
      const auto stamp = stamp_of(now->value);
      if (!stamp) co_return fail("a read of " + name + " shows what nobody wrote");
      seen.version = now->version.token();
      seen.stamp = *stamp;
    }
    tell(seen);
    const std::uint64_t stamp = round << 44 | writer << 32 | (count + 1);
    tell({Kind::sent, key, seen.version, stamp});
    Result<store::WriteOutcome> outcome = store::WriteOutcome::unknown();
    if (seen.version == 0) {
      outcome = co_await store.add(name, value_of(stamp));
    } else {
      outcome = co_await store.replace(name, store::Version(seen.version), value_of(stamp));
    }
    if (!outcome) co_return fail(outcome.error().message());
    switch (outcome.value().kind()) {
      case store::WriteOutcome::Kind::applied:
        tell({Kind::applied, key, outcome.value().version().token(), stamp});
        break;
      case store::WriteOutcome::Kind::rejected: tell({Kind::rejected, key, seen.version, stamp}); break;
      case store::WriteOutcome::Kind::unknown: co_return fail("a write is unknown");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  spdlog::set_default_logger(spdlog::stderr_logger_mt("storm"));
  tell({Kind::begun, 0, 0, 0});
  runtime::AsioRuntime runtime;
  // So little memory that reads go to the disk, too.
  auto opened = engines::EmbeddedStore::open(runtime, {.directory = argv[1], .cache_bytes = 64u << 10});
  if (!opened) {
    fail(opened.error().message());
    return 1;
  }
  const auto store = std::move(opened).value();
  tell({Kind::opened, 0, 0, 0});
  const auto seed = std::strtoull(argv[2], nullptr, 10);
  const auto round = std::strtoull(argv[3], nullptr, 10);
  runtime::EventLoops loops(3);
  for (std::uint64_t writer = 0; writer < kWriters; ++writer)
    runtime.spawn(loops.next(), "writer", write_for_ever(*store, round, writer, seed));
  loops.start();
  // Only an error, or the test's signal, ends this.
  while (!runtime.wait_idle(std::chrono::hours(1))) continue;
  return 1;
}
