#include "market/audit_book.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "market/keys.hpp"

namespace abc2::market::audit_detail {

std::string to_text(Sum sum) {
  const bool negative = sum < 0;
  std::string digits;
  do {
    const int digit = static_cast<int>(sum % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    sum /= 10;
  } while (sum != 0);
  return negative ? "-" + digits : digits;
}

Satoshi to_satoshi(Sum sum) {
  return Satoshi(static_cast<std::int64_t>(std::clamp<Sum>(sum, -Satoshi::kBound, Satoshi::kBound)));
}

Task<Result<void>> Pace::keep(std::size_t documents) {
  constexpr std::size_t sleeps = 10;  // in a second
  if (runtime_.stopping()) co_return Error(Code::unavailable, "the process is ending");
  if (per_second_ == 0) co_return success();
  read_ += documents;
  const std::size_t at_once = std::max<std::size_t>(1, per_second_ / sleeps);
  for (; read_ >= at_once; read_ -= at_once) co_await runtime_.sleep(Milliseconds(1000 / sleeps));
  co_return success();
}

Task<Result<bool>> Scanner::more() {
  // Pages of a hundred: the largest documents that are scanned have a few kilobytes.
  constexpr std::size_t page_items = 100;
  if (!items_.empty()) co_return true;
  if (last_page_) co_return false;
  CO_TRY(auto page, co_await store_.scan(prefix_, after_, page_items));
  CO_TRY_VOID(co_await pace_.keep(page.items.size()));
  last_page_ = !page.more || page.items.empty();
  for (auto& item : page.items) items_.push_back(std::move(item));
  if (items_.empty()) co_return false;
  after_ = items_.back().key;
  co_return true;
}

std::optional<NumberedKey> split_number(const store::Key& key) {
  const auto first = key.find('/'), last = key.rfind('/');
  if (first == store::Key::npos || first + 1 >= last) return std::nullopt;
  const std::string_view digits = std::string_view(key).substr(last + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0 || keys::padded(number) != digits)
    return std::nullopt;
  return NumberedKey{key.substr(first + 1, last - first - 1), number};
}

void Book::find(int check, store::Key document, std::string what) {
  AuditFinding finding{check, std::move(document), std::move(what)};
  if (std::ranges::count(report_.findings, finding) == 0) report_.findings.push_back(std::move(finding));
}

void Book::disagree(int check, const store::Key& a, const store::Key& b, const std::string& what) {
  const bool a_unsound = unsound_.contains(a), b_unsound = unsound_.contains(b);
  if (a_unsound || !b_unsound) find(check, a, what);
  if (b_unsound || !a_unsound) find(check, b, what);
}

Task<Result<bool>> Book::exists(store::Key key) {
  CO_TRY(const auto found, co_await store_.get(std::move(key)));
  co_return found.has_value();
}

Task<Result<AuditReport>> Book::read(Time now) {
  report_.at = now;
  // What follows from a document is read after it: lists before their entries, campaigns and deposits before the
  // ledgers that they have been booked in, ledgers before the receipts and slots that are their reasons.
  CO_TRY_VOID(co_await read_ads());
  CO_TRY_VOID(co_await read_campaigns());
  CO_TRY_VOID(co_await read_deposits());
  CO_TRY_VOID(co_await read_withdrawals());
  CO_TRY_VOID(co_await read_accounts());
  CO_TRY_VOID(co_await read_slots());
  CO_TRY_VOID(co_await check_deposits());
  CO_TRY_VOID(co_await check_moves());
  CO_TRY_VOID(co_await check_fees_account());
  CO_TRY_VOID(co_await check_collected());
  CO_TRY_VOID(co_await check_holds());
  check_money();
  std::ranges::sort(report_.findings, {}, [](const AuditFinding& f) { return std::tie(f.check, f.document, f.what); });
  co_return std::move(report_);
}

}  // namespace abc2::market::audit_detail
