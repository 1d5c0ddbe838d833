#include "cli/late_store.hpp"

#include "http/log.hpp"

namespace abc2::cli {

Result<std::unique_ptr<LateStore>> LateStore::open(runtime::Runtime& runtime, Open open, Milliseconds every) {
  std::unique_ptr<LateStore> late(new LateStore(runtime));
  auto opened = open();
  if (opened) {
    late->owned_ = std::move(opened).value();
    late->engine_ = late->owned_.get();
    return late;
  }
  if (opened.error().code() != Code::unavailable) return opened.error();
  http::log_warning("store_unavailable", {{"error", opened.error().message()}});
  late->trying_ = std::thread([raw = late.get(), open = std::move(open), every] { raw->keep_trying(open, every); });
  return late;
}

LateStore::~LateStore() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (trying_.joinable()) trying_.join();
}

void LateStore::keep_trying(Open open, Milliseconds every) {
  std::string said;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, every, [this] { return stop_; })) return;
    }
    auto opened = open();
    if (opened) {
      owned_ = std::move(opened).value();
      engine_ = owned_.get();
      http::log_info("store_available", {});
      return;
    }
    // Also what will not pass by itself, such as a refused setting, may be put right while we wait.
    if (opened.error().message() != said) {
      said = opened.error().message();
      http::log_warning("store_unavailable", {{"error", said}});
    }
  }
}

Result<store::Store*> LateStore::engine() const {
  store::Store* engine = engine_.load();
  if (!engine) return Error(Code::unavailable, "the store has not been reached yet");
  return engine;
}

Task<Result<store::Snapshot>> LateStore::get(store::Key key, store::Freshness freshness) {
  CO_TRY(store::Store* const engine, this->engine());
  auto result = co_await engine->get(std::move(key), freshness);
  co_return result;
}

Task<Result<store::WriteOutcome>> LateStore::add(store::Key key, store::Value value) {
  CO_TRY(store::Store* const engine, this->engine());
  auto result = co_await engine->add(std::move(key), std::move(value));
  co_return result;
}

Task<Result<store::WriteOutcome>> LateStore::replace(store::Key key, store::Version expected, store::Value value) {
  CO_TRY(store::Store* const engine, this->engine());
  auto result = co_await engine->replace(std::move(key), expected, std::move(value));
  co_return result;
}

bool LateStore::commits() const {
  const store::Store* engine = engine_.load();
  return engine && engine->commits();
}

Task<Result<store::WriteOutcome::Kind>> LateStore::commit(std::vector<store::Write> writes) {
  CO_TRY(store::Store* const engine, this->engine());
  auto result = co_await engine->commit(std::move(writes));
  co_return result;
}

Task<Result<store::ScanPage>> LateStore::scan(store::Key prefix, store::Key after, std::size_t limit) {
  CO_TRY(store::Store* const engine, this->engine());
  auto result = co_await engine->scan(std::move(prefix), std::move(after), limit);
  co_return result;
}

Task<Result<std::unique_ptr<store::View>>> LateStore::view() {
  CO_TRY(store::Store* const engine, this->engine());
  auto result = co_await engine->view();
  co_return result;
}

Task<Result<store::Snapshot>> LateStore::watch(store::Key key, std::optional<store::Version> seen,
                                               Milliseconds at_most) {
  CO_TRY(store::Store* const engine, this->engine());
  auto result = co_await engine->watch(std::move(key), seen, at_most);
  co_return result;
}

bool LateStore::exclusive() const {
  const store::Store* engine = engine_.load();
  return engine && engine->exclusive();
}

}  // namespace abc2::cli
