// Switches: every rule of the protocol and every guard of the code, by the name that `--without` takes, with the
// scenarios in which its removal must be found.
#pragma once
#include <functional>
#include <string>
#include <vector>

namespace abc2::sim {

struct Switch {
  std::string name;                // "R4", "highest-price"
  std::string what;                // what is kept while it is on
  std::function<void(bool)> keep;  // for the whole program; see journal/rules.hpp
  std::vector<std::string> found_in;
  // Whether it is needed where all writes are commits, too: then the same scenarios find it there.
  bool in_commits = false;
};

const std::vector<Switch>& switches();
// By its name; null if there is none.
const Switch* find_switch(const std::string& name);

// Switches one off for as long as it lives.
class Without {
 public:
  explicit Without(const Switch& off) : off_(off) { off_.keep(false); }
  ~Without() { off_.keep(true); }
  Without(const Without&) = delete;
  Without& operator=(const Without&) = delete;

 private:
  const Switch& off_;
};

}  // namespace abc2::sim
