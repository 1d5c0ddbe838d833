// abc2_unsettled --store URL --history FILE: looks ten times a second at who has a hold, and writes a line for each
// purchase that was seen unsettled once it is settled:
//
//   {"request":"7d444840-...","first":12.301,"last":12.502,"gone":12.610}
//
// `request` is the attempt that the buyer chose; times are seconds of the steady clock: when it was first and last seen
// unsettled, and when a later look had ended which found that its hold was gone and the campaign past its slot, or that
// it had not got the slot. What nobody saw within a tenth of a second is not there. Ends at SIGTERM.
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <map>

#include "cli/open_store.hpp"
#include "journal/documents.hpp"
#include "market/documents.hpp"
#include "market/keys.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"
#include "store/document.hpp"

namespace {

using namespace abc2;
using namespace abc2::market;

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Unsettled {
  store::Key campaign;
  std::uint64_t number = 0;
  double first = 0, last = 0;
};

class Observer {
 public:
  Observer(store::Store& store, std::ostream& out) : store_(store), out_(out) {}

  // One look. Errors: the store's; then nothing is said of anybody.
  Task<Result<void>> look() {
    const double began = now_s();
    std::map<std::string, Unsettled> seen;
    store::ScanPage page{.items = {}, .more = true};
    for (store::Key after; page.more; after = page.items.back().key) {
      CO_TRY(page, co_await store_.scan("balance/", after, limits::scan_items));
      if (page.items.empty()) break;
      for (const auto& item : page.items) {
        CO_TRY(const auto balance, store::decode<Balance>(item.document.value));
        if (!balance.hold) continue;
        CO_TRY(const auto slot, store::decode<Slot>(balance.hold->entry.text));
        if (slot.sale) seen[slot.sale->request] = {balance.hold->head, balance.hold->number, began, began};
      }
    }
    for (auto& [request, one] : open_) {
      if (seen.contains(request)) continue;
      const auto unsettled = co_await is_unsettled(request, one);
      if (!unsettled) co_return unsettled.error();
      if (unsettled.value()) seen[request] = one;
    }
    const double ended = now_s();
    for (auto& [request, one] : open_) {
      const auto still = seen.find(request);
      // Another attempt of the same request, at another slot, is the same purchase.
      if (still == seen.end()) {
        out_ << R"({"request":")" << request << R"(","first":)" << one.first << R"(,"last":)" << one.last
             << R"(,"gone":)" << ended << "}\n";
      } else {
        still->second.first = one.first;
        still->second.last = began;
      }
    }
    open_ = std::move(seen);
    co_return success();
  }

 private:
  // Of one that has no hold (any more).
  Task<Result<bool>> is_unsettled(std::string request, Unsettled one) {
    CO_TRY(const auto campaign, co_await store::get<Campaign>(store_, one.campaign));
    if (!campaign || campaign->value.last >= one.number) co_return false;
    CO_TRY(const auto slot, co_await store::get<Slot>(store_, keys::slot(one.campaign, one.number)));
    co_return slot && slot->value.sale && slot->value.sale->request == request;
  }

  store::Store& store_;
  std::ostream& out_;
  std::map<std::string, Unsettled> open_;
};

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  CLI::App app("Which purchases are unsettled, and for how long");
  std::string url, history;
  app.add_option("--store", url)->required();
  app.add_option("--history", history)->required();
  CLI11_PARSE(app, argc, argv);

  runtime::AsioRuntime runtime;
  const auto store = cli::open_store(url, runtime);
  if (!store) {
    std::cerr << "abc2_unsettled: " << store.error().message() << '\n';
    return 2;
  }
  std::ofstream out(history);
  out.precision(15);
  Observer observer(*store.value(), out);
  const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
  while (sigtimedwait(&signals, nullptr, &pause) != SIGTERM) {
    const auto looked = runtime::run_blocking(observer.look());
    if (!looked && looked.error().code() != Code::unavailable) {
      std::cerr << "abc2_unsettled: " << looked.error().message() << '\n';
      return 2;
    }
  }
  out.flush();
  return out ? 0 : 2;
}
