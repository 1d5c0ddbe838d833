#include "journal/sweep.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/marks.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::journal {

Task<void> Sweep::handle(Part* part, store::ScanItem item, Time void_until) {
  const auto handled = co_await part->handler(std::move(item), void_until);
  if (!handled) {
    ABC2_MARK("sweep: a document failed");
    errors_.fetch_add(1, std::memory_order_relaxed);
  }
}

Task<void> Sweep::handle_all(Part* part, std::vector<store::ScanItem> items, Time void_until) {
  documents_.fetch_add(items.size(), std::memory_order_relaxed);
  if (part->look) {
    auto few = co_await part->look(std::move(items));
    if (!few) {
      ABC2_MARK("sweep: a document failed");
      errors_.fetch_add(1, std::memory_order_relaxed);
      co_return;
    }
    items = std::move(few).value();
  }
  // Several at a time, since what is repaired waits for durable writes.
  constexpr std::size_t at_a_time = 64;
  co_await runtime::concurrently(runtime_, "sweep", items.size(), at_a_time,
                                 [&](std::size_t i) { return handle(part, std::move(items[i]), void_until); });
}

Task<Result<std::uint64_t>> Sweep::once(Time void_until) {
  const std::uint64_t errors_before = errors_.load();
  for (auto& part : parts_) {
    store::Key after;
    for (bool more = true; more;) {
      if (runtime_.stopping()) co_return Error(Code::unavailable, "the process is ending");
      CO_TRY(auto page, co_await store_.scan(part.prefix, after, limits::scan_items));
      more = page.more && !page.items.empty();
      if (!page.items.empty()) after = page.items.back().key;
      co_await handle_all(&part, std::move(page.items), void_until);
    }
  }
  rounds_.fetch_add(1, std::memory_order_relaxed);
  co_return errors_.load() - errors_before;
}

Task<void> Sweep::run(std::size_t per_second, Mine mine) {
  // Pages of up to half a second's worth, since each has a price of its own, and each followed by a pause of its worth;
  // what is small is through with its parts in tenths of a second.
  const std::size_t page_size = std::max<std::size_t>(1, per_second / 2);
  constexpr Milliseconds shortest{100};
  Milliseconds pause = shortest;
  while (!runtime_.stopping()) {
    for (auto& part : parts_) {
      store::Key after;
      for (bool more = true; more && !runtime_.stopping();) {
        co_await runtime_.sleep(pause);
        auto page = co_await store_.scan(part.prefix, after, page_size);
        if (!page) {
          ABC2_MARK("sweep: a scan failed");
          errors_.fetch_add(1, std::memory_order_relaxed);
          co_await runtime_.sleep(limits::recovery_dice + Milliseconds(runtime::random_below(runtime_, 1000)));
          continue;
        }
        pause = std::max(shortest, Milliseconds(1000 * page.value().items.size() / per_second));
        more = page.value().more && !page.value().items.empty();
        if (!page.value().items.empty()) after = page.value().items.back().key;
        if (mine) std::erase_if(page.value().items, [&](const store::ScanItem& item) { return !mine(item.key); });
        const Time void_until = runtime_.now() - limits::hold_is_old;
        co_await handle_all(&part, std::move(page.value().items), void_until);
      }
    }
    rounds_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace abc2::journal
