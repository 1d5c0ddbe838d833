// Seats of a concert, sold one after another from wallets: the journal library without a word about advertising.
// A seat is an entry, the concert its head, a wallet the holder. Two buyers race for seat 1, one dies half-way through
// buying seat 2, and recovery, which could run anywhere, finishes what he began.
#include <boost/asio/use_awaitable.hpp>
#include <iostream>

#include "engines/memory/memory_store.hpp"
#include "journal/holders.hpp"
#include "journal/journal.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

using namespace abc2;
using namespace abc2::literals;
using namespace abc2::journal;

struct Concert {
  static constexpr std::string_view type = "concert";
  static constexpr int schema = 1;
  std::uint64_t last = 0;
  Satoshi price, takings;
  static void fields(auto& self, auto&& field) {
    field("last", self.last), field("price", self.price), field("takings", self.takings);
  }
};
struct Seat {
  static constexpr std::string_view type = "seat";
  static constexpr int schema = 1;
  std::string attempt, wallet;  // no wallet: void
  Satoshi price;
  bool voided() const { return wallet.empty(); }
  static void fields(auto& self, auto&& field) {
    field("attempt", self.attempt), field("wallet", self.wallet), field("price", self.price);
  }
};
struct Wallet {
  static constexpr std::string_view type = "wallet";
  static constexpr int schema = 1;
  Satoshi money;
  std::optional<Hold> hold;
  std::optional<Pending> pending;
  static void fields(auto& self, auto&& field) {
    field("money", self.money), field("hold", self.hold), field("pending", self.pending);
  }
};

struct SeatKind {
  static constexpr std::string_view name = "seat";
  using Head = Concert;
  using Entry = Seat;
  using Holder = Wallet;
  static store::Key entry_key(const Position& at) { return at.head + "/seat/" + std::to_string(at.number); }
  static Seat void_entry(const Position&, std::string attempt) { return {std::move(attempt), "", 0_sat}; }
  static store::Key holder_key(const Seat& seat) { return seat.wallet; }
  static std::vector<Receipt> receipts(const Position& at, const Seat& seat) {
    return {{"ticket", at.head + "/ticket/" + std::to_string(at.number), "for " + seat.wallet}};
  }
  static Wallet debited(Wallet wallet, const Position&, const Seat& seat) {
    wallet.money -= seat.price;
    return wallet;
  }
  static Concert advanced(Concert concert, const Position&, const Seat& seat) {
    concert.takings += seat.price;
    return concert;
  }
};
using Seats = Journal<SeatKind>;

Task<Result<Plan>> plan_seat(store::Store& store, runtime::Runtime& runtime, store::Key wallet_key) {
  CO_TRY(auto concert, co_await store::get_existing<Concert>(store, "concert", "no such concert"));
  CO_TRY(auto wallet, co_await store::get_existing<Wallet>(store, wallet_key, "no such wallet"));
  if (wallet.value.hold) co_return Error(Code::account_held, "the wallet is held");
  if (wallet.value.money < concert.value.price) co_return Error(Code::insufficient_funds, "too little money");
  const Seat seat{runtime::random_uuid(runtime), wallet_key, concert.value.price};
  co_return Seats::plan("concert", concert, wallet_key, wallet, seat, runtime.now(), {}, wallet.value);
}

Task<Result<void>> evening(store::Store& store, runtime::Runtime& runtime) {
  Seats seats(store, runtime);
  Kinds kinds;
  kinds.add(seats);
  Holders<Wallet> wallets(store, kinds);
  CO_TRY_VOID(co_await store.add("concert", store::encode(Concert{0, 30_sat, 0_sat})));
  CO_TRY_VOID(co_await store.add("wallet/ann", store::encode(Wallet{100_sat, {}, {}})));
  CO_TRY_VOID(co_await store.add("wallet/bob", store::encode(Wallet{100_sat, {}, {}})));

  // Both plan for seat 1; only one can have it, and the other is told so and charged nothing.
  CO_TRY(Plan ann, co_await plan_seat(store, runtime, "wallet/ann"));
  CO_TRY(Plan bob, co_await plan_seat(store, runtime, "wallet/bob"));
  CO_TRY(Placed anns, co_await seats.place(ann));
  CO_TRY(Placed bobs, co_await seats.place(bob));
  if (anns.decision != Decision::ours || bobs.decision != Decision::others)
    co_return Error(Code::conflict, "seat 1 should be Ann's");
  CO_TRY_VOID(co_await seats.settle(ann, anns));

  // Bob gets seat 2 and dies before he has paid: nobody calls settle() for him. Recovery does, on any node.
  CO_TRY(Plan again, co_await plan_seat(store, runtime, "wallet/bob"));
  CO_TRY_VOID(co_await seats.place(again));
  CO_TRY(Recovered recovered, co_await seats.recover("concert", limits::recovery_grace));
  if (recovered != Recovered::settled) co_return Error(Code::conflict, "seat 2 should have been settled");
  CO_TRY_VOID(co_await wallets.tidy("wallet/bob", runtime.now()));

  CO_TRY(auto concert, co_await store::get_existing<Concert>(store, "concert", "no such concert"));
  for (const char* name : {"wallet/ann", "wallet/bob"}) {
    CO_TRY(auto wallet, co_await store::get_existing<Wallet>(store, name, "no such wallet"));
    std::cout << name << ": " << wallet.value.money.to_string() << (wallet.value.hold ? " (held)" : "") << '\n';
    if (wallet.value.money != 70_sat || wallet.value.hold) co_return Error(Code::conflict, "each pays for one seat");
  }
  std::cout << "concert: " << concert.value.last << " seats, " << concert.value.takings.to_string() << '\n';
  if (concert.value.takings != 60_sat) co_return Error(Code::conflict, "the concert should have taken 60");
  co_return success();
}

int main() {
  runtime::AsioRuntime runtime;
  engines::MemoryStore store(runtime);
  const auto ended = runtime::run_blocking(evening(store, runtime));
  if (!ended) std::cerr << ended.error().message() << '\n';
  return ended ? 0 : 1;
}
