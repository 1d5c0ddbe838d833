// What the sweep can tell of a page of documents without reading each one's neighbours: internal to market/market.cpp.
// Nearly all of a market is in order, and a look must cost little there: what belongs to the documents of a page is
// read by scans beside it. What a look takes for out of order is read anew by whoever repairs it.
#pragma once
#include <string>
#include <vector>

#include "market/documents.hpp"
#include "store/store.hpp"

namespace abc2::market {

using Page = std::vector<store::ScanItem>;

// The balances that have a hold or a promise, and perhaps some that have not. Pure.
Page with_hold_or_promise(Page balances);

// The credentials whose user has no balance. Errors: the store's.
Task<Result<Page>> without_balance(store::Store& store, Page credentials);

// Of "campaign/bob/0000000007" and the like on a page, the users whose head (under `head_prefix`, such as "campaigns/")
// lists fewer than there are. `Head` has `last`. Errors: the store's.
template <class Head>
Task<Result<std::vector<std::string>>> with_unlisted(store::Store& store, store::Key head_prefix,
                                                     std::vector<store::Key> entries);

}  // namespace abc2::market
