#include "sim/operation.hpp"

#include <sstream>

namespace abc2::sim {

std::string commit_text(const std::vector<Operation>& writes) {
  std::string text;
  for (const auto& write : writes)
    text += (write.verb == Verb::add ? "add " : "replace ") + std::to_string(write.key) + " " +
            std::to_string(write.value) + " " + std::to_string(write.number) + "\n";
  return text;
}

std::vector<Operation> writes_of_commit(const std::string& text) {
  std::vector<Operation> writes;
  std::istringstream in(text);
  std::string verb;
  for (Operation write; in >> verb >> write.key >> write.value >> write.number;) {
    write.verb = verb == "add" ? Verb::add : Verb::replace;
    writes.push_back(write);
  }
  return writes;
}

}  // namespace abc2::sim
