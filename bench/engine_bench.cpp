// Durable compare-and-swaps per second of the embedded engine, at several numbers of concurrent coroutines: each reads
// a random document and replaces it, again and again; or several documents, in one commit.
//
//   engine_bench DIR [seconds per row, 3] [keys, 20000] [bytes per value, 512] [event loops, 2] [documents, 1]
//
// DIR must not exist; it is left behind, and should lie on a real disk.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "engines/embedded/embedded_store.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/event_loops.hpp"

namespace {

using namespace abc2;
using Clock = std::chrono::steady_clock;

struct Shared {
  store::Store& store;
  const std::size_t keys;
  const store::Value value;
  const std::size_t documents;  // in one commit
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> applied = 0;
  std::atomic<std::uint64_t> rejected = 0;
  std::atomic<std::uint64_t> strange = 0;
};

std::string key_of(std::size_t number) { return "document/" + std::to_string(number); }

Task<void> fill(Shared& shared, std::size_t from, std::size_t step) {
  for (std::size_t i = from; i < shared.keys; i += step) {
    auto outcome = co_await shared.store.add(key_of(i), shared.value);
    if (!outcome || outcome.value().kind() != store::WriteOutcome::Kind::applied) ++shared.strange;
  }
}

Task<void> replace_at_random(Shared& shared, unsigned seed, std::vector<float>& latencies_ms) {
  using Outcome = store::WriteOutcome::Kind;
  std::minstd_rand random(seed);
  while (!shared.over) {
    // Neighbours, so that no two of them are the same.
    const std::size_t first = random() % shared.keys;
    const auto began = Clock::now();
    std::vector<store::Write> writes;
    for (std::size_t i = 0; i < shared.documents; ++i) {
      auto key = key_of((first + i) % shared.keys);
      auto now = co_await shared.store.get(key);
      if (!now || !now.value()) {
        ++shared.strange;
        co_return;
      }
      writes.push_back({std::move(key), now.value()->version, shared.value});
    }
    Outcome outcome = Outcome::unknown;
    if (writes.size() == 1) {
      auto replaced = co_await shared.store.replace(writes[0].key, *writes[0].expected, std::move(writes[0].value));
      if (replaced) outcome = replaced.value().kind();
    } else {
      auto committed = co_await shared.store.commit(std::move(writes));
      if (committed) outcome = committed.value();
    }
    latencies_ms.push_back(std::chrono::duration<float, std::milli>(Clock::now() - began).count());
    if (outcome == Outcome::unknown) {
      ++shared.strange;
      co_return;
    }
    ++(outcome == Outcome::applied ? shared.applied : shared.rejected);
  }
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The argument, or `otherwise`.
std::size_t number(int argc, char** argv, int at, std::size_t otherwise) {
  return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
}

void measure(runtime::AsioRuntime& runtime, runtime::EventLoops& loops, engines::EmbeddedStore& store, Shared& shared,
             std::size_t concurrency, std::chrono::seconds length) {
  shared.over = false;
  shared.applied = shared.rejected = 0;
  std::vector<std::vector<float>> latencies(concurrency);
  const auto groups_before = store.stats().groups;
  const auto cpu_before = cpu_seconds();
  const auto began = Clock::now();
  for (std::size_t i = 0; i < concurrency; ++i)
    runtime.spawn(loops.next(), "writer", replace_at_random(shared, static_cast<unsigned>(i + 1), latencies[i]));
  if (runtime.wait_idle(length)) std::abort();  // nobody ends before `over`
  shared.over = true;
  if (!runtime.wait_idle(std::chrono::minutes(1))) std::abort();
  const auto seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::vector<float> all;
  for (const auto& each : latencies) all.insert(all.end(), each.begin(), each.end());
  std::sort(all.begin(), all.end());
  const auto at = [&](double share) {
    return all.empty() ? 0.0f : all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  const auto applied = static_cast<double>(shared.applied);
  const auto groups = static_cast<double>(std::max<std::uint64_t>(store.stats().groups - groups_before, 1));
  std::printf("%6zu at once: %8.0f CAS/s, %5.1f us of CPU each, %6.1f in a group, p50 %7.3f ms, p99 %7.3f ms\n",
              concurrency, applied / seconds, (cpu_seconds() - cpu_before) / applied * 1e6, applied / groups, at(0.5),
              at(0.99));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "engine_bench DIR [seconds] [keys] [value bytes] [event loops] [documents]\n");
    return 2;
  }
  const std::chrono::seconds length(number(argc, argv, 2, 3));
  const std::size_t keys = std::max<std::size_t>(number(argc, argv, 3, 20'000), 1);
  runtime::AsioRuntime runtime;
  auto opened = engines::EmbeddedStore::open(runtime, {.directory = argv[1]});
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message().c_str());
    return 1;
  }
  auto store = std::move(opened).value();
  runtime::EventLoops loops(number(argc, argv, 5, 2));
  loops.start();
  const std::size_t documents = std::clamp<std::size_t>(number(argc, argv, 6, 1), 1, keys);
  Shared shared{*store, keys, store::Value(number(argc, argv, 4, 512), 'v'), documents};
  constexpr std::size_t kFillers = 1024;
  for (std::size_t i = 0; i < kFillers; ++i) runtime.spawn(loops.next(), "filler", fill(shared, i, kFillers));
  if (!runtime.wait_idle(std::chrono::minutes(10))) return 1;
  for (const std::size_t concurrency : {1u, 64u, 1024u}) measure(runtime, loops, *store, shared, concurrency, length);
  const auto stats = store->stats();
  std::printf("rejected %llu, cache hits %llu, misses %llu, largest group %llu\n",
              static_cast<unsigned long long>(shared.rejected), static_cast<unsigned long long>(stats.cache_hits),
              static_cast<unsigned long long>(stats.cache_misses),
              static_cast<unsigned long long>(stats.largest_group));
  store.reset();
  loops.stop();
  if (shared.strange > 0) {
    std::fprintf(stderr, "%llu operations failed\n", static_cast<unsigned long long>(shared.strange));
    return 1;
  }
  return 0;
}
