#include "engines/for_tests/test_store.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "engines/etcd/etcd_store.hpp"
#include "engines/postgres/postgres_store.hpp"
#include "runtime/asio_runtime.hpp"

namespace abc2::engines {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

// The engine on the server that was named.
class Server {
 public:
  explicit Server(const std::string& url) {
    auto opened = open(url);
    if (!opened) throw std::runtime_error(url + ": " + opened.error().message());
    store_ = std::move(opened).value();
  }
  ~Server() {
    const std::string name = variable("ABC2_TEST_STORE_COUNT");
    if (!name.empty()) std::ofstream(name, std::ios::app) << places_ << '\n';
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  store::Store& store() { return *store_; }
  std::string next_place() { return std::to_string(::getpid()) + "-" + std::to_string(++places_) + "/"; }

 private:
  Result<std::unique_ptr<store::Store>> open(const std::string& url) {
    if (url.starts_with("postgres://")) {
      TRY(auto opened, PostgresStore::open(runtime_, url));
      return std::unique_ptr<store::Store>(std::move(opened));
    }
    if (url.starts_with("etcd://")) {
      TRY(auto opened, EtcdStore::open(runtime_, url));
      return std::unique_ptr<store::Store>(std::move(opened));
    }
    return Error(Code::invalid_argument, "ABC2_TEST_STORE is postgres://... or etcd://...");
  }

  runtime::AsioRuntime runtime_;
  std::unique_ptr<store::Store> store_;
  std::atomic<unsigned> places_ = 0;
};

// None: in memory.
Server* server() {
  static const std::string url = variable("ABC2_TEST_STORE");
  if (url.empty()) return nullptr;
  static Server the_server(url);
  return &the_server;
}

}  // namespace

bool TestStore::on_server() { return server() != nullptr; }

TestStore::TestStore(runtime::Runtime& runtime, MemoryStore::Settings settings)
    : Store(runtime),
      settings_(settings),
      memory_(server() ? nullptr : std::make_unique<MemoryStore>(runtime, settings)),
      store_(memory_ ? static_cast<store::Store&>(*memory_) : server()->store()),
      place_(memory_ ? "" : server()->next_place()) {}

Task<Result<store::Snapshot>> TestStore::get(store::Key key, store::Freshness freshness) {
  CO_TRY_VOID(store::check_key(key));
  auto found = co_await store_.get(place_ + key, freshness);
  co_return found;
}

Task<Result<store::WriteOutcome>> TestStore::add(store::Key key, store::Value value) {
  CO_TRY_VOID(store::check_key(key));
  auto outcome = co_await store_.add(place_ + key, std::move(value));
  co_return outcome;
}

Task<Result<store::WriteOutcome>> TestStore::replace(store::Key key, store::Version expected, store::Value value) {
  CO_TRY_VOID(store::check_key(key));
  auto outcome = co_await store_.replace(place_ + key, expected, std::move(value));
  co_return outcome;
}

Task<Result<store::WriteOutcome::Kind>> TestStore::commit(std::vector<store::Write> writes) {
  if (!settings_.commits) co_return Error(Code::invalid_argument, "this store changes one document at a time");
  CO_TRY_VOID(store::check_commit(writes));
  for (auto& write : writes) write.key.insert(0, place_);
  auto outcome = co_await store_.commit(std::move(writes));
  co_return outcome;
}

Task<Result<store::ScanPage>> TestStore::scan(store::Key prefix, store::Key after, std::size_t limit) {
  auto page = co_await store_.scan(place_ + prefix, place_ + after, limit);
  if (page)
    for (auto& item : page.value().items) item.key.erase(0, place_.size());
  co_return page;
}

Task<Result<store::Snapshot>> TestStore::watch(store::Key key, std::optional<store::Version> seen,
                                               Milliseconds at_most) {
  CO_TRY_VOID(store::check_key(key));
  auto found = co_await store_.watch(place_ + key, seen, at_most);
  co_return found;
}

}  // namespace abc2::engines
