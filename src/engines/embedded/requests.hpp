// What coroutines hand to the threads of the engine. Each lives in the frame of the coroutine that waits for it.
#pragma once
#include <optional>

#include "engines/embedded/database.hpp"
#include "runtime/mailbox.hpp"
#include "store/store.hpp"

namespace abc2::engines::embedded {

struct WriteRequest : runtime::Completion {
  WriteRequest(store::Key its_key, std::optional<store::Version> its_expected, store::Value its_value)
      : key(std::move(its_key)), expected(its_expected), value(std::move(its_value)) {}

  store::Key key;
  std::optional<store::Version> expected;  // nullopt: an add
  store::Value value;
  Result<store::WriteOutcome> outcome = store::WriteOutcome::unknown();
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
  Result<Database::Page> answer = Database::Page();
};

}  // namespace abc2::engines::embedded
