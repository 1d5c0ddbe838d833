#include "sim/story.hpp"

namespace abc2::sim {

std::string Story::describe(OperationId id) const {
  const Operation& operation = operations_[id];
  const std::string& key = texts_[operation.key];
  const auto value = [&] { return " {" + in_words(key, texts_[operation.value]) + "}"; };
  switch (operation.verb) {
    case Verb::get: return "reads " + key;
    case Verb::add: return "ADDs " + key + value();
    case Verb::replace: return "CASes " + key + " v" + std::to_string(operation.number) + value();
    case Verb::remove: return "deletes " + key;
    case Verb::list: return "lists " + key;
    case Verb::commit: {
      std::string text;
      for (const auto& write : writes_of_commit(texts_[operation.value])) {
        const std::string& each = texts_[write.key];
        text += (text.empty() ? "commits " : "; ") + each +
                (write.verb == Verb::replace ? " v" + std::to_string(write.number) : "") + " {" +
                in_words(each, texts_[write.value]) + "}";
      }
      return text;
    }
    case Verb::sleep: return "waits for " + std::to_string(operation.number) + " ms";
  }
  return {};
}

std::string Story::describe(OperationId id, Reply reply) const {
  const std::string& key = texts_[operations_[id].key];
  switch (reply.kind) {
    case Reply::Kind::absent: return "nothing is there";
    case Reply::Kind::found:
      return "v" + std::to_string(reply.version) + " {" + in_words(key, texts_[reply.value]) + "}";
    case Reply::Kind::applied: return "applied";
    case Reply::Kind::rejected: return "rejected";
    case Reply::Kind::unknown: return "unknown";
    case Reply::Kind::error: return "error";
    case Reply::Kind::keys: {
      std::string keys = texts_[reply.value];
      for (char& c : keys)
        if (c == '\n') c = ' ';
      return keys.empty() ? "no keys" : keys;
    }
    case Reply::Kind::woken: return "done";
  }
  return {};
}

void Story::line(const std::string& who, const std::string& what) {
  std::string numbered = std::to_string(++number_);
  numbered.insert(0, numbered.size() < 3 ? 3 - numbered.size() : 0, ' ');
  text_ += numbered + ". " + who + " " + what + "\n";
}

void Story::tell(Move move, OperationId operation, Reply reply) {
  const std::string& who = scenario_.actors[move.actor].name;
  switch (move.kind) {
    case Move::Kind::step: return line(who, describe(operation) + ": " + describe(operation, reply));
    case Move::Kind::error: return line(who, describe(operation) + ": THE STORE FAILS, nothing is written");
    case Move::Kind::unknown: return line(who, describe(operation) + ": UNKNOWN, it is still in flight");
    case Move::Kind::echo: return line(who, describe(operation) + ": applied, and ECHOED AS rejected");
    case Move::Kind::crash: return line(who, "CRASHES");
    case Move::Kind::jump:
      return line(who, "has its clock set by " + std::to_string(scenario_.jumps[move.index].count() / 1000) + " s");
    case Move::Kind::landing: return line("the network", "LANDS LATE what " + describe(operation));
  }
}

void Story::answers(std::uint8_t actor, const std::vector<TextId>& before, const std::vector<TextId>& after) {
  for (std::size_t i = before.size(); i < after.size(); ++i)
    text_ += "     -> " + scenario_.actors[actor].name + ": the client is told " + texts_[after[i]] + "\n";
}

void Story::end(bool power_failed, const Ending::Verdict& verdict) {
  if (power_failed) line("everybody", "CRASHES");
  for (const OperationId write : verdict.recovered) line("recovery", describe(write));
  for (const OperationId write : verdict.landed)
    line("the network", "LANDS AFTER RECOVERY what " + describe(write) + "; recovery runs again");
}

void Story::violation(const std::string& what) { text_ += "   => " + what + "\n"; }

}  // namespace abc2::sim
