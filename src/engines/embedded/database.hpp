// Database: the documents on disk, and all that the engine knows of RocksDB. What stands on it needs no more than
// this: open and lock a directory, read a key, walk keys in order, and commit many puts at once, durably.
//
// Readers look at a View, one state of all documents, which the writer takes when it is time for it to be seen.
//
// Reading and view() are thread-safe; commit() is called by one thread.
#pragma once
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "engines/embedded/document_cache.hpp"
#include "store/store.hpp"

namespace abc2::engines::embedded {

// All documents as they were at one moment. Keeps the database from forgetting that state; must not outlive it.
class View;

// One put of a commit. What it refers to outlives the commit.
struct Put {
  std::string_view key;
  std::string_view value;
  store::Version version;
};

class Database {
 public:
  // Opens the store in `directory`, or makes one there if the directory is empty or does not exist. Errors:
  //   in_use        another process (or this one) has it open
  //   newer_schema  it was made by a later version of this program
  //   corrupt       it is damaged, unreadable, or is not a store at all; no document was changed
  //   unavailable   the disk is full
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& directory, std::size_t block_cache_bytes);
  ~Database();

  // For a thread that will read or commit much: RocksDB then does not count each comparison of keys on its account.
  static void prepare_thread();

  // As everything is now.
  [[nodiscard]] std::shared_ptr<const View> view() const;

  // Null: absent. Without a view: as it is now. Errors: unavailable (it cannot be read), corrupt (it cannot be what we
  // wrote).
  Result<Document> read(const store::Key& key, const View* view = nullptr) const;

  struct Found {
    store::Key key;
    Document document;
  };
  struct Page {
    std::vector<Found> items;
    bool more = false;
  };
  // At most `limit` documents, and, but for the first, no more than `bytes` of values; as Store::scan otherwise.
  Result<Page> scan(const store::Key& prefix, const store::Key& after, std::size_t limit, std::size_t bytes,
                    const View& view) const;

  // All of them or none; durable on return, and in every view that is taken from then on. After an error nobody knows,
  // and there must be no further commit. Errors: unavailable.
  Result<void> commit(const std::vector<Put>& puts);

 private:
  struct Rocks;
  explicit Database(std::unique_ptr<Rocks> rocks);
  std::unique_ptr<Rocks> rocks_;
};

}  // namespace abc2::engines::embedded
