// The conformance suite: what every engine must pass before anything may stand on it.
//
// An engine's unit test says how a fresh store is opened, and the whole suite runs on it:
//
//   class MemorySubject : public conformance::Subject { ... };
//   const bool registered = conformance::register_engine(
//       {.name = "memory", .open = [](runtime::Runtime& runtime) { return std::make_unique<MemorySubject>(runtime);
//       }});
//
// and link abc2_store_conformance (any main of GoogleTest's will do). Each case gets a store of its own that holds no
// document. What a healthy store never shows (unknown outcomes, echoes) is the business of FaultyStore, not of this.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "store/store.hpp"

namespace abc2::store::conformance {

// One store under test, for one case.
class Subject {
 public:
  virtual ~Subject() = default;

  // The store that is open now; reopen() makes another one.
  virtual Store& store() = 0;

  // Closes the store and opens the same data again, as after a restart. False: this engine keeps nothing.
  virtual bool reopen() { return false; }

  // Cuts every connection to the servers, which operations to come must survive. False: there are none.
  virtual bool cut_connections() { return false; }
};

struct Engine {
  std::string name;  // letters, digits and '_'
  std::function<std::unique_ptr<Subject>(runtime::Runtime& runtime)> open;
};

// Registers every case as a test `Conformance_<name>.<Case>`. To be called before main().
bool register_engine(Engine engine);

}  // namespace abc2::store::conformance
