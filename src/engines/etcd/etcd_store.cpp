#include "engines/etcd/etcd_store.hpp"

#include <algorithm>
#include <limits>

#include "base/limits.hpp"
#include "engines/etcd/client.hpp"
#include "engines/etcd/ranges.hpp"
#include "runtime/blocking.hpp"

namespace abc2::engines {

using etcd::Request;
using store::Key;
using store::ScanPage;
using store::Snapshot;
using store::Value;
using store::Version;
using store::WriteOutcome;
namespace wire = etcd::wire;

namespace {

constexpr auto kLastRevision = std::numeric_limits<std::int64_t>::max();

// No document has another version. An absent one has revision 0 in etcd, and would be made.
bool may_be(Version version) {
  return version.token() != 0 && version.token() <= static_cast<std::uint64_t>(kLastRevision);
}

}  // namespace

struct EtcdStore::Parts {
  explicit Parts(const etcd::Settings& settings) : prefix(settings.prefix), client(settings, waiters) {}

  const std::string prefix;
  store::WatchWaiters waiters;
  etcd::Client client;

  // As of that revision; 0: as of now, each piece of it.
  Task<Result<ScanPage>> scan(Key within, Key after, std::size_t limit, std::uint64_t revision);
};

EtcdStore::EtcdStore(runtime::Runtime& runtime, std::unique_ptr<Parts> parts)
    : Store(runtime), parts_(std::move(parts)) {}

EtcdStore::~EtcdStore() = default;

Result<std::unique_ptr<EtcdStore>> EtcdStore::open(runtime::Runtime& runtime, const std::string& url) {
  TRY(const auto settings, etcd::Settings::parse(url));
  auto parts = std::make_unique<Parts>(settings);
  TRY_VOID(parts->client.wait_ready(std::chrono::seconds(5)));
  std::unique_ptr<EtcdStore> store(new EtcdStore(runtime, std::move(parts)));
  TRY_VOID(runtime::run_blocking(store->check_rights()));
  return store;
}

// A read, and a write whose condition no document meets: who may do both may do everything here.
Task<Result<void>> EtcdStore::check_rights() {
  const std::string key = parts_->prefix + "rights";
  Request read(Request::Kind::read, wire::range(key, etcd::end_of_prefix(parts_->prefix), 1));
  co_await runtime::suspend(read, [this, &read] { parts_->client.enqueue(&read); });
  if (!read.range)
    co_return Error(read.forbidden ? Code::invalid_argument : Code::unavailable, read.range.error().message());
  Request write(Request::Kind::write, wire::replace(key, kLastRevision, ""));
  co_await runtime::suspend(write, [this, &write] { parts_->client.enqueue(&write); });
  if (write.forbidden) co_return Error(Code::invalid_argument, write.outcome.error().message());
  co_return success();  // what else keeps it from writing, such as a full database, does not keep it from reading
}

Task<Result<Snapshot>> EtcdStore::get(Key key, store::Freshness freshness) {
  CO_TRY_VOID(store::check_key(key));
  Request request(Request::Kind::read, wire::get(parts_->prefix + key, freshness));
  co_await runtime::suspend(request, [this, &request] { parts_->client.enqueue(&request); });
  CO_TRY(auto answer, std::move(request.range));
  if (answer.items.empty()) co_return Snapshot();
  co_return Snapshot(std::move(answer.items.front().document));
}

Task<Result<WriteOutcome>> EtcdStore::add(Key key, Value value) {
  CO_TRY_VOID(store::check_key(key));
  CO_TRY_VOID(store::check_value(key, value));
  std::string question = wire::add(parts_->prefix + key, value);
  co_return co_await write({std::move(key)}, std::move(question));
}

Task<Result<WriteOutcome>> EtcdStore::replace(Key key, Version expected, Value value) {
  CO_TRY_VOID(store::check_key(key));
  CO_TRY_VOID(store::check_value(key, value));
  if (!may_be(expected)) co_return WriteOutcome::rejected();
  std::string question = wire::replace(parts_->prefix + key, static_cast<std::int64_t>(expected.token()), value);
  co_return co_await write({std::move(key)}, std::move(question));
}

Task<Result<WriteOutcome::Kind>> EtcdStore::commit(std::vector<store::Write> writes) {
  CO_TRY_VOID(store::check_commit(writes));
  std::vector<Key> keys;
  for (auto& write : writes) {
    if (write.expected && !may_be(*write.expected)) co_return WriteOutcome::Kind::rejected;
    keys.push_back(write.key);
    write.key.insert(0, parts_->prefix);
  }
  std::string question = wire::commit(writes);
  CO_TRY(const auto outcome, co_await write(std::move(keys), std::move(question)));
  co_return outcome.kind();
}

Task<Result<WriteOutcome>> EtcdStore::write(std::vector<Key> keys, std::string question) {
  Request request(Request::Kind::write, std::move(question));
  co_await runtime::suspend(request, [this, &request] { parts_->client.enqueue(&request); });
  // Whoever watches it here need not wait for etcd to say so.
  if (request.outcome && request.outcome.value().kind() == WriteOutcome::Kind::applied)
    for (const auto& key : keys) parts_->waiters.wake(key);
  co_return std::move(request.outcome);
}

Task<Result<ScanPage>> EtcdStore::scan(Key prefix, Key after, std::size_t limit) {
  return parts_->scan(std::move(prefix), std::move(after), limit, 0);
}

class EtcdStore::RevisionView final : public store::View {
 public:
  RevisionView(Parts& parts, std::uint64_t revision) : parts_(parts), revision_(revision) {}
  Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) override {
    return parts_.scan(std::move(prefix), std::move(after), limit, revision_);
  }

 private:
  Parts& parts_;
  const std::uint64_t revision_;
};

Task<Result<std::unique_ptr<store::View>>> EtcdStore::view() {
  Request request(Request::Kind::read, wire::range(parts_->prefix, etcd::end_of_prefix(parts_->prefix), 1));
  co_await runtime::suspend(request, [this, &request] { parts_->client.enqueue(&request); });
  CO_TRY(const auto now, std::move(request.range));
  if (now.revision == 0) co_return Error(Code::unavailable, "etcd did not say at which revision it is");
  co_return std::make_unique<RevisionView>(*parts_, now.revision);
}

Task<Result<ScanPage>> EtcdStore::Parts::scan(Key within, Key after, std::size_t limit, std::uint64_t revision) {
  if (limit == 0) co_return Error(Code::invalid_argument, "a page of a scan must have room for a document");
  const std::size_t wanted = std::min(limit, limits::scan_items);
  const std::string end = etcd::end_of_prefix(prefix + within);
  std::string first = prefix + (after < within ? within : after + '\0');
  std::size_t bytes = 0;
  ScanPage page;
  page.more = first < end;
  while (page.more && page.items.size() < wanted) {
    const std::size_t piece = etcd::next_piece(wanted, page.items.size(), bytes);
    Request request(Request::Kind::read, wire::range(first, end, piece, revision));
    co_await runtime::suspend(request, [this, &request] { client.enqueue(&request); });
    CO_TRY(auto answer, std::move(request.range));
    page.more = answer.more;
    if (answer.items.empty()) break;
    first = answer.items.back().key + '\0';
    for (auto& item : answer.items) {
      bytes += item.key.size() + item.document.value.size();
      item.key.erase(0, prefix.size());
      page.items.push_back(std::move(item));
    }
  }
  co_return page;
}

Task<Result<Snapshot>> EtcdStore::watch(Key key, std::optional<Version> seen, Milliseconds at_most) {
  return store::watch_pushed(*this, runtime_, parts_->waiters, std::move(key), seen, at_most);
}

}  // namespace abc2::engines
