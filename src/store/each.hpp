// Reading all documents of one kind:
//
//   CO_TRY_VOID(co_await store::each<Coin>(store, "bitcoin/coin/", [&](const Key& key, Coin coin) { ... }));
//
// By scans, page after page; a document that changes meanwhile is met as it is then. Thread-safe.
#pragma once
#include "base/limits.hpp"
#include "store/document.hpp"

namespace abc2::store {

// Calls visit(key, versioned document) for each in the order of keys. Errors: corrupt (one of them), the store's.
template <Document T, class Visit>
Task<Result<void>> each_versioned(Store& store, Key prefix, Visit visit) {
  Key after;
  for (bool more = true; more;) {
    CO_TRY(const auto page, co_await store.scan(prefix, after, limits::scan_items));
    more = page.more && !page.items.empty();
    if (!page.items.empty()) after = page.items.back().key;
    for (const auto& item : page.items) {
      CO_TRY(auto found, decode_snapshot<T>(item.key, item.document));
      visit(item.key, *std::move(found));
    }
  }
  co_return success();
}

// Calls visit(key, document). As each_versioned.
template <Document T, class Visit>
Task<Result<void>> each(Store& store, Key prefix, Visit visit) {
  return each_versioned<T>(store, std::move(prefix), [visit = std::move(visit)](const Key& key, Versioned<T> found) {
    visit(key, std::move(found.value));
  });
}

}  // namespace abc2::store
