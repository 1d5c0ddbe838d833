// Coverage marks: a rare branch names itself, and the test that is there for it asserts that it was reached.
//
//   ABC2_MARK("resolve: ours");                 // in the code
//   EXPECT_GT(marks::reached("resolve: ours"), before);   // in the test
//
// A mark costs one relaxed increment; it is meant for branches that are rare by nature. Thread-safe.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace abc2::marks {

class Mark {
 public:
  // Registers itself for the life of the process. `name` must be a literal.
  explicit Mark(std::string_view name);
  void reach() { count_.fetch_add(1, std::memory_order_relaxed); }

 private:
  friend std::map<std::string, std::uint64_t> all();
  std::string_view name_;
  std::atomic<std::uint64_t> count_{0};
  Mark* next_ = nullptr;
};

// How often each mark that was passed at least once has been reached, by name (marks of one name are added up).
std::map<std::string, std::uint64_t> all();
std::uint64_t reached(std::string_view name);

}  // namespace abc2::marks

#define ABC2_MARK(name)                          \
  do {                                           \
    static ::abc2::marks::Mark abc2_mark_{name}; \
    abc2_mark_.reach();                          \
  } while (false)
