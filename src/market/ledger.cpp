#include "market/ledger.hpp"

#include "market/keys.hpp"

namespace abc2::market {

Balance with_entry(Balance balance, LedgerKind kind, Satoshi amount, const store::Key& reference, Time at) {
  balance.money += amount;
  ABC2_CHECK(balance.money >= Satoshi(0), "an account would be overdrawn");
  const std::uint64_t number = balance.pages * limits::ledger_page + balance.recent.size() + 1;
  balance.recent.push_back({number, at, kind, amount, balance.money, reference});
  return balance;
}

Room with_room(std::string_view user, Balance balance) {
  Room room{std::move(balance), {}};
  auto& recent = room.balance.recent;
  while (recent.size() >= limits::ledger_page) {
    const auto page_end = recent.begin() + static_cast<std::ptrdiff_t>(limits::ledger_page);
    const LedgerPage page{{recent.begin(), page_end}};
    recent.erase(recent.begin(), page_end);
    ++room.balance.pages;
    room.pages.push_back({"page", keys::ledger_page(user, room.balance.pages), store::encode(page)});
  }
  return room;
}

Task<Result<LedgerView>> read_ledger(store::Store& store, std::string user, std::uint64_t before, std::size_t limit) {
  CO_TRY(const auto balance,
         co_await store::get_existing<Balance>(store, keys::balance(user), "there is no account '" + user + "'"));
  LedgerView view;
  const auto take = [&](const std::vector<LedgerEntry>& entries) {
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (before != 0 && entry->number >= before) continue;
      if (view.entries.size() == limit) return void(view.more = true);
      view.entries.push_back(*entry);
    }
  };
  take(balance.value.recent);
  std::uint64_t page = balance.value.pages;
  if (before != 0) page = std::min(page, (before - 1 + limits::ledger_page - 1) / limits::ledger_page);
  for (; page > 0 && !view.more; --page) {
    const store::Key key = keys::ledger_page(user, page);
    CO_TRY(const auto entries, co_await store::get<LedgerPage>(store, key));
    if (!entries) co_return Error(Code::corrupt, "the ledger page " + key + " should exist, but does not");
    take(entries->value.entries);
  }
  co_return view;
}

}  // namespace abc2::market
