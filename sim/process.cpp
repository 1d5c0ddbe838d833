#include "sim/process.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

#include "sim/contents.hpp"

namespace abc2::sim {
namespace {

using Awaiting = boost::asio::use_awaitable_t<Executor>;

template <class Handler>
class WaiterFor final : public Waiter {
 public:
  explicit WaiterFor(Handler handler) : handler_(std::move(handler)) {}
  void resume(Reply reply) override { std::move(handler_)(reply); }

 private:
  Handler handler_;
};

Error down() { return {Code::unavailable, "the store did not answer; nothing was written"}; }

std::uint32_t whole(std::uint64_t number) {
  ABC2_CHECK(number < (std::uint64_t{1} << 28), "a number too large for an explored operation");
  return static_cast<std::uint32_t>(number);
}

}  // namespace

Task<void> SimRuntime::sleep(Milliseconds duration) {
  const Reply woken = co_await process_.step({Verb::sleep, 0, 0, whole(static_cast<std::uint64_t>(duration.count()))});
  ABC2_CHECK(woken.kind == Reply::Kind::woken, "a timer can only go off");
  clock_ += duration;
}

void SimRuntime::random(std::span<std::byte> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    random_ += 0x9e3779b97f4a7c15;
    const std::uint64_t draw = mixed(random_);
    std::memcpy(bytes.data() + at, &draw, std::min(sizeof draw, bytes.size() - at));
  }
}

void SimRuntime::spawn(Executor where, const char*, Task<void> work) { process_.run(where, std::move(work)); }

Task<Result<store::Snapshot>> SimStore::get(store::Key key, store::Freshness) {
  const Reply reply = co_await process_.step({Verb::get, process_.texts().number(key), 0, 0});
  if (reply.kind == Reply::Kind::error) co_return down();
  if (reply.kind == Reply::Kind::absent) co_return store::Snapshot();
  co_return store::Snapshot(store::Stored{process_.texts()[reply.value], store::Version(reply.version)});
}

Task<Result<store::WriteOutcome>> SimStore::write(Operation operation) {
  const Reply reply = co_await process_.step(operation);
  if (reply.kind == Reply::Kind::error) co_return down();
  if (reply.kind == Reply::Kind::applied) co_return store::WriteOutcome::applied(store::Version(reply.version));
  if (reply.kind == Reply::Kind::rejected) co_return store::WriteOutcome::rejected();
  co_return store::WriteOutcome::unknown();
}

Task<Result<store::WriteOutcome>> SimStore::add(store::Key key, store::Value value) {
  return write({Verb::add, process_.texts().number(key), process_.texts().number(value), 0});
}

Task<Result<store::WriteOutcome>> SimStore::replace(store::Key key, store::Version expected, store::Value value) {
  return write({Verb::replace, process_.texts().number(key), process_.texts().number(value), whole(expected.token())});
}

Task<Result<store::WriteOutcome::Kind>> SimStore::commit(std::vector<store::Write> writes) {
  CO_TRY_VOID(store::check_commit(writes));
  std::vector<Operation> parts;
  for (const auto& one : writes)
    parts.push_back({one.expected ? Verb::replace : Verb::add, process_.texts().number(one.key),
                     process_.texts().number(one.value), one.expected ? whole(one.expected->token()) : 0});
  const Operation operation{Verb::commit, parts.front().key, process_.texts().number(commit_text(parts)), 0};
  const Reply reply = co_await process_.step(operation);
  if (reply.kind == Reply::Kind::error) co_return down();
  if (reply.kind == Reply::Kind::applied) co_return store::WriteOutcome::Kind::applied;
  if (reply.kind == Reply::Kind::rejected) co_return store::WriteOutcome::Kind::rejected;
  co_return store::WriteOutcome::Kind::unknown;
}

Task<Result<store::WriteOutcome>> SimStore::remove(store::Key key) {
  return write({Verb::remove, process_.texts().number(key), 0, 0});
}

Task<Result<store::ScanPage>> SimStore::scan(store::Key prefix, store::Key after, std::size_t limit) {
  Texts& texts = process_.texts();
  const Reply reply = co_await process_.step({Verb::list, texts.number(prefix), texts.number(after), whole(limit)});
  if (reply.kind == Reply::Kind::error) co_return down();
  store::ScanPage page;
  const std::string lines = texts[reply.value];
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    store::Key key = lines.substr(at, end - at);
    at = end + 1;
    if (key == "...") {
      page.more = true;
      continue;
    }
    const Reply found = co_await process_.step({Verb::get, texts.number(key), 0, 0});
    if (found.kind == Reply::Kind::error) co_return down();
    if (found.kind == Reply::Kind::absent) continue;
    page.items.push_back({std::move(key), {texts[found.value], store::Version(found.version)}});
  }
  co_return page;
}

Process::Process(Texts& texts, const Actor& actor)
    : context_(std::make_unique<boost::asio::io_context>(1)),
      texts_(texts),
      runtime_(*this, mixed(actor.seed + 1), first_time + actor.clock_ahead),
      store_(*this, runtime_, actor.commits),
      world_{store_, runtime_, [this](std::string text) { answers_.push_back(std::move(text)); }} {
  run(context_->get_executor(), actor.program(world_));
  poll();
}

Process::~Process() {
  // First those that wait here, then those that their end has woken up; all before what they work with.
  waiting_.clear();
  context_.reset();
}

std::vector<Operation> Process::pending() const {
  std::vector<Operation> operations;
  operations.reserve(waiting_.size());
  for (const auto& waiting : waiting_) operations.push_back(waiting.operation);
  return operations;
}

void Process::complete(std::size_t index, Reply reply) {
  const auto waiter = std::move(waiting_[index].waiter);
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
  waiter->resume(reply);
  poll();
}

Task<Reply> Process::step(Operation operation) {
  auto reply = co_await boost::asio::async_initiate<const Awaiting, void(Reply)>(
      [this](auto handler, Operation what) {
        waiting_.push_back({what, std::make_unique<WaiterFor<decltype(handler)>>(std::move(handler))});
      },
      Awaiting(), operation);
  co_return reply;
}

void Process::run(Executor where, Task<void> work) {
  boost::asio::co_spawn(where, std::move(work), [this](std::exception_ptr error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& what) {
      thrown_ = what.what();
    }
  });
}

void Process::poll() {
  context_->restart();
  context_->poll();
}

}  // namespace abc2::sim
