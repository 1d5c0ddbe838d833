#include "cli/bench_library.hpp"

#include <fstream>
#include <thread>

#include "engines/embedded/embedded_store.hpp"
#include "runtime/blocking.hpp"
#include "store/single_documents.hpp"

namespace abc2::cli {

namespace {

// What this process has had the system write to disks so far (proc(5)); 0 where that is not counted.
std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  for (std::string name; io >> name;) {
    std::uint64_t bytes = 0;
    io >> bytes;
    if (name == "write_bytes:") return bytes;
  }
  return 0;
}

}  // namespace

Result<BenchResult> bench_library(std::string directory, BenchSettings settings, bool steps) {
  runtime::AsioRuntime real;
  HurriedRuntime runtime(real);
  TRY(const auto engine, engines::EmbeddedStore::open(runtime, {.directory = std::move(directory)}));
  store::SingleDocuments one_at_a_time(*engine, runtime);
  store::Store& store = steps ? static_cast<store::Store&>(one_at_a_time) : *engine;
  runtime::WorkerPool pool(1, 16);
  market::Argon2Hasher hasher(pool, market::Argon2Hasher::Cost::minimum);
  market::PooledImageChecker checker(pool);
  market::ImageLibrary images(store, checker);
  Metrics metrics;
  market::Market market(store, runtime, hasher, images, metrics, {});

  runtime::EventLoops loops(std::max(1u, std::thread::hardware_concurrency()));
  loops.start();
  BenchMarket bench(store, runtime, settings, [&] { return real.wait_idle(std::chrono::seconds(60)); });
  TRY_VOID(runtime::run_blocking(bench.prepare()));
  if (settings.read_all) {
    TRY_VOID(runtime::run_blocking(bench.read_all()));
  }

  const auto written_before = bytes_written();
  const auto before = engine->stats();
  BenchResult result =
      bench.run(loops, [&](std::size_t, market::Order order) { return market.purchases.buy(std::move(order)); });
  const auto after = engine->stats();
  const auto written_after = bytes_written();
  if (!result.ended) return Error(Code::undecided, "the buyers did not come to an end within a minute");
  std::uint64_t bought = result.bought;
  if (!settings.loaded) {
    TRY(const auto books, runtime::run_blocking(market.audit.look()));
    if (!books.passed())
      return Error(Code::corrupt, "the audit found " + std::to_string(books.findings.size()) + " faults, the first: " +
                                      books.findings.front().document + ": " + books.findings.front().what);
    bought = books.slots_sold - settings.slots;
    result.audited = true;
  }
  loops.stop();
  const auto sold = static_cast<double>(std::max<std::uint64_t>(1, bought));
  result.writes_per_purchase =
      static_cast<double>(after.changes + after.rejected - before.changes - before.rejected) / sold;
  result.documents_per_purchase = static_cast<double>(after.applied - before.applied) / sold;
  result.document_bytes_per_purchase = static_cast<double>(after.bytes - before.bytes) / sold;
  result.disk_bytes_per_purchase = static_cast<double>(written_after - written_before) / sold;
  return result;
}

}  // namespace abc2::cli
