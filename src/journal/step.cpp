#include "journal/step.hpp"

#include "base/marks.hpp"
#include "journal/rules.hpp"

namespace abc2::journal {

using store::WriteOutcome;

Task<Result<void>> run(store::Store& store, Step step) {
  for (;;) {
    CO_TRY(const auto now, co_await store.get(step.key));
    auto next = step.change(now);
    if (!next) co_return next.error().within(step.name);
    if (!next.value()) co_return success();

    auto written = now ? co_await store.replace(step.key, now->version, std::move(*next.value()))
                       : co_await store.add(step.key, std::move(*next.value()));
    if (!written) co_return written.error().within(step.name);
    switch (written.value().kind()) {
      case WriteOutcome::Kind::applied: co_return success();
      case WriteOutcome::Kind::rejected:
        // R2: somebody changed the document, which does not mean that they reached our goal.
        ABC2_MARK("step: rejected, decided again");
        if (kept(Rule::r2_read_again)) continue;
        co_return success();
      case WriteOutcome::Kind::unknown:
        ABC2_MARK("step: unknown");
        co_return Error(Code::undecided, "the outcome of the step '" + step.name + "' at " + step.key + " is unknown");
    }
  }
}

Task<Result<void>> run(store::Store& store, std::vector<Step> steps) {
  for (auto& step : steps) {
    CO_TRY_VOID(co_await run(store, std::move(step)));
  }
  co_return success();
}

Step add_once(std::string name, store::Key key, store::Value value) {
  Change change = [value = std::move(value)](const store::Snapshot& now) -> Result<std::optional<store::Value>> {
    if (now) return std::optional<store::Value>();
    return std::optional<store::Value>(value);
  };
  return {std::move(name), std::move(key), std::move(change)};
}

}  // namespace abc2::journal
