// Pages of what is numbered from 1 without gaps, the newest first: fillers, campaigns, slots.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/limits.hpp"
#include "store/document.hpp"

namespace abc2::market {

template <class T>
struct Numbered {
  std::uint64_t number = 0;
  T value;
};

// The newest first. While there are `more`, continue with before = items.back().number.
template <class T>
struct NumberedPage {
  std::vector<Numbered<T>> items;
  bool more = false;
};

// The numbers of such a page: from `newest` down to and with `oldest`; none if newest < oldest.
struct PageBounds {
  std::uint64_t newest = 0, oldest = 1;
};
inline PageBounds page_bounds(std::uint64_t last, std::uint64_t before, std::size_t limit) {
  const std::uint64_t newest = before == 0 ? last : std::min(last, before - 1);
  const std::uint64_t most = std::clamp<std::size_t>(limit, 1, limits::page_items);
  return {newest, newest > most ? newest - most + 1 : 1};
}

// A page of a journal::List, from its head. Errors: corrupt (one is missing), the store's.
template <class Kind>
Task<Result<NumberedPage<typename Kind::Entry>>> list_page(store::Store& store, store::Key head, std::uint64_t before,
                                                           std::size_t limit) {
  NumberedPage<typename Kind::Entry> page;
  CO_TRY(const auto found, co_await store::get<typename Kind::Head>(store, head));
  const PageBounds bounds = page_bounds(found ? found->value.last : 0, before, limit);
  for (std::uint64_t number = bounds.newest; number >= bounds.oldest; --number) {
    const store::Key key = Kind::entry_key(head, number);
    CO_TRY(auto entry, co_await store::get<typename Kind::Entry>(store, key));
    if (!entry) co_return Error(Code::corrupt, "the document " + key + " is listed and missing");
    page.items.push_back({number, std::move(entry->value)});
  }
  page.more = bounds.newest > 0 && bounds.oldest > 1;
  co_return page;
}

}  // namespace abc2::market
