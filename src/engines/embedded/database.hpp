// Database: the documents on disk, and all that the engine knows of RocksDB. What stands on it needs no more than
// this: open and lock a directory, read a key, walk keys in order, and commit many puts at once, durably.
//
// read() and scan() are thread-safe; commit() is called by one thread.
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "engines/embedded/document_cache.hpp"
#include "store/store.hpp"

namespace abc2::engines::embedded {

// One put of a commit. What it refers to outlives the commit.
struct Put {
  const store::Key& key;
  const store::Value& value;
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

  // Null: absent. Errors: unavailable (it cannot be read), corrupt (it cannot be what we wrote).
  Result<Document> read(const store::Key& key) const;

  struct Found {
    store::Key key;
    Document document;
  };
  struct Page {
    std::vector<Found> items;
    bool more = false;
  };
  // At most `limit` documents, and, but for the first, no more than `bytes` of values; as Store::scan otherwise.
  Result<Page> scan(const store::Key& prefix, const store::Key& after, std::size_t limit, std::size_t bytes) const;

  // All of them or none; durable, and only then visible, on return. After an error nobody knows, and there must be no
  // further commit. Errors: unavailable.
  Result<void> commit(const std::vector<Put>& puts);

 private:
  struct Rocks;
  explicit Database(std::unique_ptr<Rocks> rocks);
  std::unique_ptr<Rocks> rocks_;
};

}  // namespace abc2::engines::embedded
