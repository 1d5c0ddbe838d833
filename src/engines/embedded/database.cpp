#include "engines/embedded/database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engines/embedded/directory.hpp"

namespace abc2::engines::embedded {

namespace {

// The one key that no document can have says what this database is.
const rocksdb::Slice kMarkerKey("", 0);
constexpr std::string_view kMarkerBegin = "abc2 store, format ";
constexpr std::uint64_t kFormat = 1;

constexpr std::size_t kVersionBytes = 8;

// A record is the version, low byte first, and the value.
std::array<char, kVersionBytes> encode(store::Version version) {
  std::array<char, kVersionBytes> bytes{};
  for (std::size_t i = 0; i < kVersionBytes; ++i) bytes[i] = static_cast<char>(version.token() >> (8 * i) & 0xff);
  return bytes;
}

Result<Document> decode(const rocksdb::Slice& record, const rocksdb::Slice& key) {
  std::uint64_t token = 0;
  if (record.size() >= kVersionBytes)
    for (std::size_t i = 0; i < kVersionBytes; ++i)
      token |= static_cast<std::uint64_t>(static_cast<unsigned char>(record[i])) << (8 * i);
  if (token == 0) return Error(Code::corrupt, "the record of " + key.ToString() + " on disk has no version");
  return std::make_shared<const store::Stored>(
      store::Stored{store::Value(record.data() + kVersionBytes, record.size() - kVersionBytes), store::Version(token)});
}

Error read_error(const rocksdb::Status& status) {
  if (status.IsCorruption()) return {Code::corrupt, "the store on disk is damaged: " + status.ToString()};
  return {Code::unavailable, "the store cannot be read: " + status.ToString()};
}

rocksdb::Options options_for(std::size_t block_cache_bytes) {
  rocksdb::Options options;
  options.create_if_missing = true;
  // A group that was torn by a crash was never acknowledged and is dropped; damage anywhere else is an error, not a
  // shorter history.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = true;
  options.write_buffer_size = 64u << 20;
  // Every slot and every receipt is asked for before it is there: most of that ends here.
  options.memtable_prefix_bloom_size_ratio = 0.05;
  options.memtable_whole_key_filtering = true;
  options.max_write_buffer_number = 4;
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.compression = rocksdb::kNoCompression;  // documents are small and the processor is what is short
  const auto supported = rocksdb::GetSupportedCompressions();
  if (std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end())
    options.bottommost_compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Error open_error(const std::filesystem::path& directory, const rocksdb::Status& status) {
  const std::string name = directory.string();
  const std::string reason = status.ToString();
  // The one thing that the status has no code for.
  if (status.IsIOError() && (reason.find("lock hold by current process") != std::string::npos ||
                             reason.find("While lock file") != std::string::npos))
    return {Code::in_use, "the store directory " + name + " is in use" + holder_of_lock(directory, reason) +
                              "; stop that process or choose another directory"};
  if (status.IsNoSpace())
    return {Code::unavailable, "the store directory " + name + " cannot be opened, its disk is full: " + reason};
  return damaged(directory, reason);
}

}  // namespace

struct Database::Rocks {
  std::unique_ptr<rocksdb::DB> db;

  // Checks the marker, or makes it in a database that holds nothing.
  Result<void> check_format(const std::filesystem::path& directory) const {
    std::string marker;
    auto status = db->Get(rocksdb::ReadOptions(), kMarkerKey, &marker);
    if (status.ok()) {
      if (!marker.starts_with(kMarkerBegin)) return foreign(directory);
      // Up to nine digits, so that the number fits.
      const std::string digits = marker.substr(kMarkerBegin.size());
      if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos)
        return damaged(directory, "its format marker says \"" + marker + "\"");
      const auto format = std::stoull(digits);
      if (format > kFormat)
        return Error(Code::newer_schema, "the store in " + directory.string() + " has format " + digits +
                                             ", this program knows up to " + std::to_string(kFormat) +
                                             "; use the later version of the program that made it");
      if (format < kFormat) return damaged(directory, "there never was a format " + digits);
      return success();
    }
    if (!status.IsNotFound()) return open_error(directory, status);
    // Either just made (perhaps by a process that was killed then) or somebody else's.
    const std::unique_ptr<rocksdb::Iterator> any(db->NewIterator(rocksdb::ReadOptions()));
    any->SeekToFirst();
    if (any->Valid()) return foreign(directory);
    if (!any->status().ok()) return open_error(directory, any->status());
    rocksdb::WriteOptions durable;
    durable.sync = true;
    status = db->Put(durable, kMarkerKey, std::string(kMarkerBegin) + std::to_string(kFormat));
    if (!status.ok()) return open_error(directory, status);
    return success();
  }
};

class View {
 public:
  explicit View(rocksdb::DB& db) : db_(db), snapshot_(db.GetSnapshot()) {}
  ~View() { db_.ReleaseSnapshot(snapshot_); }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  [[nodiscard]] rocksdb::ReadOptions reading() const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    return options;
  }

 private:
  rocksdb::DB& db_;
  const rocksdb::Snapshot* snapshot_;
};

Database::Database(std::unique_ptr<Rocks> rocks) : rocks_(std::move(rocks)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& directory,
                                                 std::size_t block_cache_bytes) {
  TRY_VOID(prepare_directory(directory));
  auto rocks = std::make_unique<Rocks>();
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(options_for(block_cache_bytes), directory.string(), &db);
  rocks->db.reset(db);
  if (!status.ok()) return open_error(directory, status);
  TRY_VOID(rocks->check_format(directory));
  return std::unique_ptr<Database>(new Database(std::move(rocks)));
}

void Database::prepare_thread() { rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable); }

std::shared_ptr<const View> Database::view() const { return std::make_shared<const View>(*rocks_->db); }

Result<Document> Database::read(const store::Key& key, const View* view) const {
  rocksdb::PinnableSlice record;
  const auto options = view ? view->reading() : rocksdb::ReadOptions();
  const auto status = rocks_->db->Get(options, rocks_->db->DefaultColumnFamily(), key, &record);
  if (status.IsNotFound()) return Document();
  if (!status.ok()) return read_error(status);
  return decode(record, key);
}

Result<Database::Page> Database::scan(const store::Key& prefix, const store::Key& after, std::size_t limit,
                                      std::size_t bytes, const View& view) const {
  Page page;
  std::size_t read_bytes = 0;
  const std::unique_ptr<rocksdb::Iterator> at(rocks_->db->NewIterator(view.reading()));
  // The least key that is greater than `after`: that also steps over the marker.
  at->Seek(std::max(prefix, after + '\0'));
  for (; at->Valid() && at->key().starts_with(prefix); at->Next()) {
    if (page.items.size() == limit || (!page.items.empty() && read_bytes + at->value().size() > bytes)) {
      page.more = true;
      return page;
    }
    read_bytes += at->value().size();
    TRY(auto document, decode(at->value(), at->key()));
    page.items.push_back({at->key().ToString(), std::move(document)});
  }
  if (!at->status().ok()) return read_error(at->status());
  return page;
}

Result<void> Database::commit(const std::vector<Put>& puts) {
  rocksdb::WriteBatch batch;
  for (const auto& put : puts) {
    const auto version = encode(put.version);
    const rocksdb::Slice key(put.key);
    const std::array<rocksdb::Slice, 2> record{rocksdb::Slice(version.data(), version.size()), put.value};
    const auto status = batch.Put(rocksdb::SliceParts(&key, 1), rocksdb::SliceParts(record.data(), record.size()));
    if (!status.ok()) return Error(Code::unavailable, "a commit cannot be put together: " + status.ToString());
  }
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const auto status = rocks_->db->Write(durable, &batch);
  if (!status.ok()) return Error(Code::unavailable, "a commit failed: " + status.ToString());
  return success();
}

}  // namespace abc2::engines::embedded

// RocksDB's library is not built for ThreadSanitizer, which therefore does not see what its threads agree on by
// atomics.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
extern "C" const char* __tsan_default_suppressions() { return "race:librocksdb\n"; }
#endif
#endif
