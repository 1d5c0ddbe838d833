#include "history.hpp"

#include <array>
#include <boost/json.hpp>
#include <istream>

namespace abc2::registers {
namespace {

constexpr std::array<std::string_view, 3> kVerbs = {"get", "add", "replace"};
constexpr std::array<std::string_view, 5> kOutcomes = {"read", "applied", "rejected", "unknown", "error"};

// Throws what Boost.JSON throws, which the caller turns into an error.
template <class E, std::size_t N>
E named(const std::array<std::string_view, N>& names, const boost::json::value& name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == std::string_view(name.as_string())) return static_cast<E>(i);
  throw std::invalid_argument("an unknown word");
}

Operation operation_of(const boost::json::object& line) {
  Operation operation;
  operation.key = line.at("key").as_string();
  operation.client = line.at("client").as_string();
  operation.verb = named<Verb>(kVerbs, line.at("op"));
  operation.start = line.at("start").to_number<std::int64_t>();
  operation.end = line.at("end").to_number<std::int64_t>();
  operation.outcome = named<Outcome>(kOutcomes, line.at("outcome"));
  if (const auto* value = line.if_contains("value")) operation.value = std::string(value->as_string());
  if (const auto* expected = line.if_contains("expected")) operation.expected = expected->to_number<std::uint64_t>();
  if (const auto* version = line.if_contains("version")) operation.version = version->to_number<std::uint64_t>();
  return operation;
}

}  // namespace

std::string_view to_string(Verb verb) { return kVerbs.at(static_cast<std::size_t>(verb)); }
std::string_view to_string(Outcome outcome) { return kOutcomes.at(static_cast<std::size_t>(outcome)); }

std::string to_line(const Operation& operation) {
  boost::json::object line{
      {"key", operation.key},     {"client", operation.client}, {"op", to_string(operation.verb)},
      {"start", operation.start}, {"end", operation.end},       {"outcome", to_string(operation.outcome)}};
  if (operation.value) line["value"] = *operation.value;
  if (operation.expected) line["expected"] = *operation.expected;
  if (operation.version) line["version"] = *operation.version;
  return boost::json::serialize(line);
}

Result<History> read_history(std::istream& lines) {
  History history;
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    try {
      history.push_back(operation_of(boost::json::parse(line).as_object()));
    } catch (const std::exception& error) {
      return Error(Code::corrupt, "line " + std::to_string(number) + " of the history: " + error.what());
    }
  }
  return history;
}

}  // namespace abc2::registers
