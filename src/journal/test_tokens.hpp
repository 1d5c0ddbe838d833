// For the journal's own tests: a small domain (tokens taken from a box by purses), and a runtime whose clock is moved
// by hand and whose sleeps end at once, moving it.
#pragma once
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engines/for_tests/test_store.hpp"
#include "journal/credit.hpp"
#include "journal/journal.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"
#include "store/faulty_store.hpp"

namespace abc2::journal::testing {

class ManualRuntime final : public runtime::Runtime {
 public:
  Time now() override { return time; }
  Task<void> sleep(Milliseconds duration) override {
    time += duration;
    if (const auto once = std::exchange(on_sleep, nullptr)) once();
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable_t<Executor>());
  }
  void random(std::span<std::byte> bytes) override { real.random(bytes); }
  void spawn(Executor where, const char* name, Task<void> work) override { real.spawn(where, name, std::move(work)); }
  bool stopping() const override { return stop; }

  Time time = from_unix_ms(1'700'000'000'000);
  bool stop = false;
  std::function<void()> on_sleep;  // called at the next sleep, once
  runtime::AsioRuntime real;
};

struct Box {
  static constexpr std::string_view type = "box";
  static constexpr int schema = 1;
  std::uint64_t last = 0;
  Satoshi takings, paid_out;
  static void fields(auto& self, auto&& field) {
    field("last", self.last);
    field("takings", self.takings);
    field("paid_out", self.paid_out);
  }
};

struct Token {
  static constexpr std::string_view type = "token";
  static constexpr int schema = 1;
  std::string attempt;
  std::string purse;
  [[nodiscard]] bool voided() const { return purse.empty(); }
  static void fields(auto& self, auto&& field) {
    field("attempt", self.attempt);
    field("purse", self.purse);
  }
};

struct Purse {
  static constexpr std::string_view type = "purse";
  static constexpr int schema = 1;
  Satoshi money;
  std::optional<Hold> hold;
  std::optional<Pending> pending;
  static void fields(auto& self, auto&& field) {
    field("money", self.money);
    field("hold", self.hold);
    field("pending", self.pending);
  }
};

inline constexpr Satoshi token_price{10};

struct TokenKind {
  static constexpr std::string_view name = "token";
  using Head = Box;
  using Entry = Token;
  using Holder = Purse;
  static store::Key entry_key(const Position& at) { return at.head + "/token/" + std::to_string(at.number); }
  static Token void_entry(const Position&, std::string attempt) { return {std::move(attempt), ""}; }
  static store::Key holder_key(const Token& token) { return token.purse; }
  static std::vector<Receipt> receipts(const Position& at, const Token& token) {
    return {{"receipt", at.head + "/receipt/" + std::to_string(at.number), token.purse}};
  }
  static Purse debited(Purse purse, const Position&, const Token&) {
    purse.money -= token_price;
    return purse;
  }
  static Box advanced(Box box, const Position&, const Token&) {
    box.takings += token_price;
    return box;
  }
};

// What a box has taken goes to one purse.
struct BoxCredit {
  static constexpr std::string_view name = "box";
  using Holder = Purse;
  using Reference = Box;
  struct Due {
    Satoshi from, to;
    static void fields(auto& self, auto&& field) {
      field("from", self.from);
      field("to", self.to);
    }
  };
  static std::optional<Due> due(const Box& box) {
    if (box.paid_out >= box.takings) return std::nullopt;
    return Due{box.paid_out, box.takings};
  }
  static Prepared<Purse> paid(Purse purse, const store::Key&, const store::Key&, const Due& due, Time) {
    purse.money += due.to - due.from;
    return {std::move(purse)};
  }
  static std::optional<Box> marked(const Box& box, const Due& due) {
    if (box.paid_out >= due.to) return std::nullopt;
    Box next = box;
    next.paid_out = due.to;
    return next;
  }
};

// One node's view of one store with a box and two purses of 100. `faulty` is what the library sees, `memory` is what
// is really there.
struct World {
  ManualRuntime runtime;
  engines::TestStore memory;
  store::FaultyStore faulty{memory, runtime};
  Journal<TokenKind> tokens{faulty, runtime};
  Kinds kinds;
  Credit<BoxCredit> credit{faulty, runtime, kinds};
  Holders<Purse> purses{faulty, kinds};

  explicit World(bool commits = false) : memory(runtime, {.commits = commits}) {
    kinds.add(tokens);
    kinds.add(credit);
    put("box", Box{});
    put("ann", Purse{Satoshi(100), {}, {}});
    put("bob", Purse{Satoshi(100), {}, {}});
  }

  template <class T>
  T run(Task<Result<T>> task) {
    auto result = runtime::run_blocking(std::move(task));
    if (!result) throw std::runtime_error(result.error().message() + "\n" + faulty.log());
    return std::move(result).value();
  }
  template <class T>
  Error fails(Task<Result<T>> task) {
    auto result = runtime::run_blocking(std::move(task));
    if (result) throw std::runtime_error("should have failed\n" + faulty.log());
    return result.error();
  }
  template <class D>
  void put(store::Key key, const D& document) {
    const auto now = run(memory.get(key, store::Freshness::linearizable));
    const auto written = now ? run(memory.replace(key, now->version, store::encode(document)))
                             : run(memory.add(key, store::encode(document)));
    if (written.kind() != store::WriteOutcome::Kind::applied) throw std::runtime_error("could not put " + key);
  }
  template <class D>
  D read(store::Key key) {
    return run(store::get_existing<D>(memory, key, "absent: " + key)).value;
  }
  bool exists(store::Key key) { return run(memory.get(key, store::Freshness::linearizable)).has_value(); }

  Plan plan(const std::string& purse, std::string attempt) {
    const auto box = run(store::get_existing<Box>(memory, "box", ""));
    const auto holder = run(store::get_existing<Purse>(memory, purse, ""));
    return Journal<TokenKind>::plan("box", box, purse, holder, Token{std::move(attempt), purse}, runtime.now(), {},
                                    holder.value);
  }
  // Nothing is held, and what left the purses is in the box.
  bool books_balance() {
    const Purse ann = read<Purse>("ann"), bob = read<Purse>("bob");
    const Box box = read<Box>("box");
    return !ann.hold && !bob.hold && !ann.pending && !bob.pending &&
           ann.money + bob.money + box.takings - box.paid_out == Satoshi(200);
  }
};

}  // namespace abc2::journal::testing
