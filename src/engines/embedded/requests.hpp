// What coroutines hand to the threads of the engine. Each lives in the frame of the coroutine that waits for it.
#pragma once
#include <span>

#include "engines/embedded/database.hpp"
#include "runtime/mailbox.hpp"
#include "store/store.hpp"

namespace abc2::engines::embedded {

// Writes that are carried out together or not at all. Their values are taken when they are applied.
struct WriteRequest : runtime::Completion {
  explicit WriteRequest(std::span<store::Write> its_writes) : writes(its_writes) {}

  std::span<store::Write> writes;  // in the same frame
  Result<store::WriteOutcome::Kind> outcome = store::WriteOutcome::Kind::unknown;
  store::Version first_version{0};  // that the first of the writes was given, if they were applied
};

struct ReadRequest : runtime::Completion {
  explicit ReadRequest(store::Key its_key) : key(std::move(its_key)) {}

  store::Key key;
  Result<Document> answer = Document();
};

struct ScanRequest : runtime::Completion {
  store::Key prefix;
  store::Key after;
  std::size_t limit = 0;
  std::shared_ptr<const View> view = nullptr;  // null: what may be seen when it is read
  Result<Database::Page> answer = Database::Page();
};

}  // namespace abc2::engines::embedded
