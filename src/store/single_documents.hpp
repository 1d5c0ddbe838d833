// SingleDocuments: another store without its verb commit. What stands on it works in steps: for measuring what commits
// are worth, and for running nodes of both kinds on one store.
//
//   SingleDocuments steps(engine, runtime);
//
// Holds a reference: the store must outlive it. Thread-safe as the store below is.
#pragma once
#include "store/store.hpp"

namespace abc2::store {

class SingleDocuments final : public Store {
 public:
  SingleDocuments(Store& inner, runtime::Runtime& runtime) : Store(runtime), inner_(inner) {}

  Task<Result<Snapshot>> get(Key key, Freshness freshness) override { return inner_.get(std::move(key), freshness); }
  Task<Result<WriteOutcome>> add(Key key, Value value) override { return inner_.add(std::move(key), std::move(value)); }
  Task<Result<WriteOutcome>> replace(Key key, Version expected, Value value) override {
    return inner_.replace(std::move(key), expected, std::move(value));
  }
  Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) override {
    return inner_.scan(std::move(prefix), std::move(after), limit);
  }
  Task<Result<std::unique_ptr<View>>> view() override { return inner_.view(); }
  Task<Result<Snapshot>> watch(Key key, std::optional<Version> seen, Milliseconds at_most) override {
    return inner_.watch(std::move(key), seen, at_most);
  }
  [[nodiscard]] bool exclusive() const override { return inner_.exclusive(); }

 private:
  Store& inner_;
};

}  // namespace abc2::store
