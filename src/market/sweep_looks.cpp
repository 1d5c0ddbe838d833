#include "market/sweep_looks.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>

#include "market/keys.hpp"
#include "store/document.hpp"

namespace abc2::market {
namespace {

// Documents under a prefix, asked for by name in ascending order: read by pages, not one by one.
class Beside {
 public:
  Beside(store::Store& store, store::Key prefix, std::size_t names)
      : store_(store), prefix_(std::move(prefix)), page_items_(std::clamp<std::size_t>(names, 1, limits::scan_items)) {}

  Task<Result<store::Snapshot>> at(std::string name) {
    const store::Key key = prefix_ + name;
    if (after_.empty()) {  // where the pages begin
      after_ = key;
      auto first = co_await store_.get(key);
      co_return first;
    }
    for (;;) {
      while (!items_.empty() && items_.front().key < key) items_.pop_front();
      if (!items_.empty()) {
        if (items_.front().key != key) co_return store::Snapshot();
        co_return std::move(items_.front().document);
      }
      if (last_page_) co_return store::Snapshot();
      CO_TRY(auto page, co_await store_.scan(prefix_, after_, page_items_));
      last_page_ = !page.more || page.items.empty();
      if (!page.items.empty()) after_ = page.items.back().key;
      for (auto& item : page.items) items_.push_back(std::move(item));
    }
  }

 private:
  store::Store& store_;
  const store::Key prefix_;
  const std::size_t page_items_;
  store::Key after_;
  std::deque<store::ScanItem> items_;
  bool last_page_ = false;
};

}  // namespace

Page with_hold_or_promise(Page balances) {
  // The members' names as store::encode writes them; in any text that a document holds, a quote is escaped. To take
  // every ledger apart would be most of what the sweep costs.
  std::erase_if(balances, [](const store::ScanItem& item) {
    const std::string_view text = item.document.value;
    return text.find("\"hold\":") == text.npos && text.find("\"pending\":") == text.npos;
  });
  return balances;
}

Task<Result<Page>> without_balance(store::Store& store, Page credentials) {
  Beside balances(store, "balance/", credentials.size());
  Page without;
  for (auto& item : credentials) {
    CO_TRY(const auto balance, co_await balances.at(std::string(keys::rest(item.key))));
    if (!balance) without.push_back(std::move(item));
  }
  co_return without;
}

template <class Head>
Task<Result<std::vector<std::string>>> with_unlisted(store::Store& store, store::Key head_prefix,
                                                     std::vector<store::Key> entries) {
  std::map<std::string, std::uint64_t> highest;  // in the order of the heads, which is another one than the entries'
  for (const store::Key& key : entries) {
    const std::string_view rest = keys::rest(key);
    const auto slash = rest.rfind('/');
    if (slash == std::string_view::npos) continue;  // the audit says so
    std::uint64_t number = 0;
    std::from_chars(rest.data() + slash + 1, rest.data() + rest.size(), number);
    std::uint64_t& top = highest[std::string(rest.substr(0, slash))];
    top = std::max(top, number);
  }
  Beside heads(store, std::move(head_prefix), highest.size());
  std::vector<std::string> users;
  for (const auto& [user, number] : highest) {
    CO_TRY(const auto stored, co_await heads.at(user));
    if (stored) {
      const auto head = store::decode<Head>(stored->value);
      if (head && head.value().last >= number) continue;
    }
    users.push_back(user);
  }
  co_return users;
}

template Task<Result<std::vector<std::string>>> with_unlisted<FillerList>(store::Store&, store::Key,
                                                                          std::vector<store::Key>);
template Task<Result<std::vector<std::string>>> with_unlisted<CampaignList>(store::Store&, store::Key,
                                                                            std::vector<store::Key>);

}  // namespace abc2::market
