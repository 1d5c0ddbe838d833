// FaultyStore: a store that fails as stores do, on command: for tests of everything that stands on a Store.
//
//   FaultyStore store(memory, runtime);
//   store.arm({.fault = Fault::unknown_landed, .verb = Verb::add, .key = key_prefix("slot/")});      // the next one
//   store.arm({.fault = Fault::error, .verb = Verb::get, .skip = 2, .times = 3});                    // gets 3 to 5
//   store.crash_at_write(3, Crash::after);           // the third write lands, and nobody hears of it
//   auto bought = run_until_crash(store, buy(store, ...));
//   ASSERT_FALSE(bought) << store.log();
//
// One FaultyStore is one process's view: several over one inner store are several nodes, and a crash ends one of them.
// The same script, or the same seed, and the same order of calls give the same faults. Rules are asked in the order
// in which they were armed; the first that is due decides, and the random faults only where no rule does.
//
// Thread-safe. The inner store and the runtime must outlive it. A call that never returns is suspended in its event
// loop and destroyed with it.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/store.hpp"

namespace abc2::store {

enum class Verb : std::uint8_t { get, add, replace, commit, scan, watch };
std::string_view to_string(Verb verb);

enum class Fault : std::uint8_t {
  none,            // the call goes through; a rule that says so shields it from rules behind it and from chance
  error,           // `unavailable`; nothing was and nothing will be written
  unknown_lost,    // reported unknown, and never lands
  unknown_landed,  // reported unknown, and has landed if its condition held
  unknown_later,   // reported unknown, and lands, if its condition holds then, when land_late_writes() is called
  echo,            // lands, and if it was applied it is reported rejected all the same (protocol R9)
  crash_before,    // the process dies before it sends the call, which never returns, nor does any later one
  crash_after,     // the process dies when the call has been carried out
};
std::string_view to_string(Fault fault);

// Which calls fail. Only `error` and the crashes apply to get, scan and watch; other faults pass those by.
struct FaultRule {
  Fault fault = Fault::none;
  std::optional<Verb> verb = std::nullopt;        // any, if not given
  std::function<bool(const Key&)> key = nullptr;  // any, if null; a scan is asked by its prefix, a commit by its keys
  std::size_t skip = 0;                           // so many calls that match go through first
  std::size_t times = 1;                          // then so many fail; `always` for all of them
  static constexpr std::size_t always = std::numeric_limits<std::size_t>::max();
};

// Predicates for FaultRule::key.
std::function<bool(const Key&)> key_is(Key key);
std::function<bool(const Key&)> key_prefix(Key prefix);

// Odds in a thousand for each call that can fail so.
struct FaultOdds {
  unsigned error = 0;
  unsigned unknown_lost = 0;
  unsigned unknown_landed = 0;
  unsigned unknown_later = 0;
  unsigned echo = 0;
};

enum class Crash : std::uint8_t { before, after };

class FaultyStore final : public Store {
 public:
  // One call, in the order in which they were made.
  struct Call {
    Verb verb = Verb::get;
    Key key;  // of a scan: its prefix; of a commit: its keys, with spaces in between
    Fault fault = Fault::none;
    std::optional<WriteOutcome::Kind> happened = std::nullopt;  // what a write did in the inner store, once it did it
    std::string answer;  // what the caller was told; empty while it was told nothing
  };

  FaultyStore(Store& inner, runtime::Runtime& runtime);

  // --- what shall go wrong
  void arm(FaultRule rule);
  // From now on calls fail by chance, drawn from `seed`.
  void randomize(std::uint64_t seed, FaultOdds odds);
  // The process dies before or after the k-th write (add, replace or commit, counted from 1 over the store's whole
  // life).
  void crash_at_write(std::size_t k, Crash when);
  // Takes all rules and odds away. What has crashed stays so; late writes stay on their way.
  void heal();
  // Called once, at the crash, on the loop of the call that crashed.
  void on_crash(std::function<void()> callback);

  // --- what has happened
  [[nodiscard]] bool crashed() const;
  [[nodiscard]] std::vector<Call> calls() const;
  // How many writes were called for, whatever became of them.
  [[nodiscard]] std::size_t writes() const;
  // The last write that was carried out in the inner store, applied or not; none if there was none.
  [[nodiscard]] std::optional<Call> last_write() const;
  // The calls as text, one a line, for the message of a test that fails.
  [[nodiscard]] std::string log() const;

  // --- writes that were reported unknown and are still on their way
  [[nodiscard]] std::size_t late_writes() const;
  // Delivers them now, in the order in which they were sent. Returns how many were applied. Works after a crash, too:
  // what is on its way does not die with its sender.
  Task<std::size_t> land_late_writes();

  // --- Store
  Task<Result<Snapshot>> get(Key key, Freshness freshness) override;
  Task<Result<WriteOutcome>> add(Key key, Value value) override;
  Task<Result<WriteOutcome>> replace(Key key, Version expected, Value value) override;
  [[nodiscard]] bool commits() const override { return inner_.commits(); }
  Task<Result<WriteOutcome::Kind>> commit(std::vector<Write> writes) override;
  Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) override;
  // Views, and what is read in them, do not fail.
  Task<Result<std::unique_ptr<View>>> view() override { return inner_.view(); }
  Task<Result<Snapshot>> watch(Key key, std::optional<Version> seen, Milliseconds at_most) override;
  [[nodiscard]] bool exclusive() const override { return inner_.exclusive(); }

 private:
  // A write that was called for: one, or those of a commit.
  struct Sending {
    std::vector<Write> writes;
    std::size_t call = 0;
  };
  struct Decision {
    std::size_t call;
    Fault fault;
  };

  Decision decide(Verb verb, const std::vector<Key>& keys);
  Fault fault_of(Verb verb, const std::vector<Key>& keys);
  Fault chance(Verb verb);
  void crash();
  Task<Result<WriteOutcome>> send(Verb verb, Sending sending);
  Task<Result<WriteOutcome>> write(Verb verb, std::vector<Write> writes);
  template <class T>
  Task<Result<T>> read(Verb verb, Key key, Task<Result<T>> inner);
  void answered(std::size_t call, std::string answer);

  Store& inner_;
  mutable std::mutex mutex_;
  std::vector<FaultRule> rules_;
  FaultOdds odds_;
  std::uint64_t random_state_ = 0;
  std::function<void()> on_crash_;
  std::vector<Call> calls_;
  std::optional<std::size_t> last_write_;
  std::size_t writes_ = 0;
  std::vector<std::pair<Verb, Sending>> late_;
  bool crashed_ = false;
};

// Runs `task` on an event loop of its own until it ends or `store` crashes. Returns its value, or nothing after a
// crash: then the coroutine and all that it had spawned on its loop are destroyed where they stood, as by a power cut.
template <class T>
std::optional<T> run_until_crash(FaultyStore& store, Task<T> task) {
  std::optional<T> value;
  std::exception_ptr thrown;
  {
    boost::asio::io_context context(1);
    const auto work = boost::asio::make_work_guard(context);
    store.on_crash([&context] { context.stop(); });
    const auto keep = [](Task<T> its_task, std::optional<T>* its_value) -> Task<void> {
      its_value->emplace(co_await std::move(its_task));
    };
    boost::asio::co_spawn(context.get_executor(), keep(std::move(task), &value), [&](std::exception_ptr error) {
      thrown = error;
      context.stop();
    });
    if (!store.crashed()) context.run();
    store.on_crash(nullptr);
  }
  if (thrown) std::rethrow_exception(thrown);
  return value;
}

}  // namespace abc2::store
