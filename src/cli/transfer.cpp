#include "cli/transfer.hpp"

#include <chrono>
#include <cstdio>
#include <deque>

#include "base/limits.hpp"
#include "cli/commands.hpp"
#include "cli/place.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::cli {

namespace {

constexpr std::size_t kBatchDocuments = 2048;
constexpr std::size_t kBatchBytes = std::size_t{16} << 20;
constexpr std::size_t kInFlight = 256;
constexpr Milliseconds kFirstRetry{100};

// The documents of a store, or of a view of one, in the order of their keys.
template <class Source>
class Scan {
 public:
  explicit Scan(Source& source) : source_(source) {}
  // nullopt: there are no more.
  Task<Result<std::optional<store::ScanItem>>> next() {
    if (items_.empty() && !ended_) {
      CO_TRY(auto page, co_await source_.scan("", after_, limits::scan_items));
      ended_ = !page.more || page.items.empty();
      if (!page.items.empty()) after_ = page.items.back().key;
      for (auto& item : page.items) items_.push_back(std::move(item));
    }
    if (items_.empty()) co_return std::optional<store::ScanItem>();
    std::optional<store::ScanItem> item = std::move(items_.front());
    items_.pop_front();
    co_return item;
  }

 private:
  Source& source_;
  std::deque<store::ScanItem> items_;
  store::Key after_;
  bool ended_ = false;
};

// Says something at most once a second.
class Slowly {
 public:
  explicit Slowly(Progress progress) : progress_(std::move(progress)) {}
  void say(const std::string& what, std::uint64_t documents) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::seconds(1)) return;
    last_ = now;
    progress_(what + " " + std::to_string(documents) + " documents");
  }

 private:
  Progress progress_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Which nodes there are now. Those of the store that it is brought to are others.
bool of_nodes(const store::Key& key) { return key.starts_with("node/"); }

Error in_the_way(const store::Key& key) {
  return {Code::conflict, "the store is not empty: it has the document " + key +
                              ", which is not of this export; import into an empty one"};
}

// Holds what is in the store against the file; returns how many of its documents are there.
Task<Result<std::uint64_t>> compare(store::Store& store, ExportReader* file) {
  Scan scan(store);
  std::uint64_t same = 0;
  CO_TRY(auto there, co_await scan.next());
  if (!there) co_return 0;
  CO_TRY_VOID(file->rewind());
  for (;;) {
    CO_TRY(const auto wanted, file->next());
    if (there && (!wanted || there->key < wanted->key)) co_return in_the_way(there->key);
    if (!wanted) co_return same;
    if (!there || there->key != wanted->key) continue;
    if (there->document.value != wanted->value) co_return in_the_way(there->key);
    ++same;
    CO_TRY(there, co_await scan.next());
  }
}

// Until the document is seen in the store. A rejection may be the echo of our own write, and a write whose outcome is
// unknown may land later: what is there is what counts.
Task<Result<void>> put(store::Store& store, runtime::Runtime& runtime, ExportedDocument document) {
  Milliseconds wait = kFirstRetry;
  Error last(Code::unavailable, "");
  for (int attempt = 0; attempt < limits::store_retries && !runtime.stopping(); ++attempt) {
    auto outcome = co_await store.add(document.key, document.value);
    if (outcome && outcome.value().kind() == store::WriteOutcome::Kind::applied) co_return success();
    if (!outcome && outcome.error().code() != Code::unavailable) co_return outcome.error();
    if (outcome) {
      auto now = co_await store.get(document.key);
      if (now && now.value()) {
        if (now.value()->value == document.value) co_return success();
        co_return in_the_way(document.key);
      }
      last = now ? Error(Code::unavailable, "the store does not say what became of a write") : now.error();
    } else {
      last = outcome.error();
    }
    co_await runtime.sleep(wait);
    wait *= 2;
  }
  co_return last.within("writing " + document.key);
}

// Documents that are written at the same time.
struct Batch {
  store::Store& store;
  runtime::Runtime& runtime;
  std::vector<ExportedDocument> documents;
  // Each that has ended without an error is counted: one that ends in an exception has not.
  std::size_t done = 0;
  std::optional<Error> failed{};

  Task<void> write(std::size_t i) {
    if (failed) co_return;
    auto written = co_await put(store, runtime, std::move(documents[i]));
    if (written) ++done;
    if (!written && !failed) failed = written.error();
  }
};

Task<Result<void>> put_all(store::Store& store, runtime::Runtime& runtime, std::vector<ExportedDocument> documents) {
  const std::size_t count = documents.size();
  Batch batch{store, runtime, std::move(documents)};
  co_await runtime::concurrently(runtime, "import", count, kInFlight, [&](std::size_t i) { return batch.write(i); });
  if (batch.failed) co_return std::move(*batch.failed);
  if (batch.done != count) co_return Error(Code::unavailable, "not all documents could be written; see the log");
  co_return success();
}

void say(const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); }

}  // namespace

Task<Result<std::uint64_t>> export_documents(store::Store& store, runtime::Runtime& runtime, ExportWriter* file,
                                             Progress progress) {
  Slowly slowly(std::move(progress));
  CO_TRY(const auto view, co_await store.view());
  CO_TRY_VOID(file->begin(runtime.now()));
  Scan scan(*view);
  for (;;) {
    CO_TRY(auto item, co_await scan.next());
    if (!item) break;
    if (of_nodes(item->key)) continue;
    CO_TRY_VOID(file->add({std::move(item->key), std::move(item->document.value)}));
    slowly.say("read", file->documents());
  }
  if (file->documents() == 0) co_return Error(Code::not_found, "there is no document in this store");
  CO_TRY_VOID(file->finish());
  co_return file->documents();
}

Task<Result<Imported>> import_documents(store::Store& store, runtime::Runtime& runtime, ExportReader* file,
                                        Progress progress) {
  Slowly slowly(std::move(progress));
  CO_TRY_VOID(file->rewind());
  for (;;) {
    CO_TRY(const auto document, file->next());
    if (!document) break;
    slowly.say("checked", file->documents());
  }
  Imported imported{.documents = file->documents()};
  CO_TRY(imported.there_before, co_await compare(store, file));

  CO_TRY_VOID(file->rewind());
  for (bool more = true; more;) {
    std::vector<ExportedDocument> batch;
    std::size_t bytes = 0;
    while (more && batch.size() < kBatchDocuments && bytes < kBatchBytes) {
      CO_TRY(auto document, file->next());
      more = document.has_value();
      if (!document) break;
      bytes += document->key.size() + document->value.size();
      batch.push_back(std::move(*document));
    }
    CO_TRY_VOID(co_await put_all(store, runtime, std::move(batch)));
    slowly.say("imported", file->documents());
  }
  co_return imported;
}

int export_store(ExportSettings settings) {
  auto node = Node::open(settings.node);
  if (!node) return failed(node.error());
  auto file = ExportWriter::create(settings.file);
  if (!file) return failed(file.error());
  const auto done =
      node.value()->run(export_documents(node.value()->store(), node.value()->runtime(), &file.value(), say));
  if (!done) return failed(done.error());
  say("exported " + std::to_string(done.value()) + " documents");
  return 0;
}

int import_store(ImportSettings settings) {
  auto file = ExportReader::open(settings.file);
  if (!file) return failed(file.error());
  {
    auto node = Node::open(settings.place.node);
    if (!node) return failed(node.error());
    const auto done =
        node.value()->run(import_documents(node.value()->store(), node.value()->runtime(), &file.value(), say));
    if (!done) return failed(done.error());
    say("imported " + std::to_string(done.value().documents) + " documents" +
        (done.value().there_before == 0
             ? std::string()
             : ", of which " + std::to_string(done.value().there_before) + " were there before"));
  }
  if (!settings.check) {
    say("before a server starts: `abc2 recover`, then `abc2 audit`");
    return 0;
  }
  const int recovered = recover(settings.place);
  return recovered == 0 ? audit(std::move(settings.place)) : recovered;
}

}  // namespace abc2::cli
