// Typed access to a store: what store/fields.hpp describes, read and written with the three verbs.
//
// Thread-safe as the store is. Errors besides the store's own: corrupt, newer_schema, both naming the key.
#pragma once
#include "store/fields.hpp"
#include "store/store.hpp"

namespace abc2::store {

// A document as it was read. After the next suspension it may be stale; a replace on its version then says rejected.
template <Document T>
struct Versioned {
  T value;
  Version version;
};

template <Document T>
Result<std::optional<Versioned<T>>> decode_snapshot(const Key& key, const Snapshot& snapshot) {
  if (!snapshot) return std::optional<Versioned<T>>();
  auto document = decode<T>(snapshot->value);
  if (!document) return document.error().within("the document " + key);
  return std::optional<Versioned<T>>(Versioned<T>{std::move(document).value(), snapshot->version});
}

template <Document T>
Task<Result<std::optional<Versioned<T>>>> get(Store& store, Key key) {
  CO_TRY(const auto snapshot, co_await store.get(key));
  co_return decode_snapshot<T>(key, snapshot);
}

// As get, but an absent document is an error: `missing`, with the code not_found.
template <Document T>
Task<Result<Versioned<T>>> get_existing(Store& store, Key key, std::string missing) {
  CO_TRY(auto found, co_await get<T>(store, key));
  if (!found) co_return Error(Code::not_found, std::move(missing));
  co_return std::move(*found);
}

}  // namespace abc2::store
