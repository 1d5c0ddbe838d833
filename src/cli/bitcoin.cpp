// abc2 bitcoin: the same answers in the store itself and through a running server.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "bitcoin/cashier.hpp"
#include "cli/place.hpp"
#include "http/bitcoin_encode.hpp"

namespace abc2::cli {

namespace json = boost::json;
using bitcoin::Cashier;

namespace {

// The store, and a cashier on it that neither watches nor pays.
struct Desk {
  std::unique_ptr<Node> node;
  std::unique_ptr<Cashier> cashier;

  static Result<Desk> open(const BitcoinCommand& command) {
    if (command.settings.empty())
      return Error(Code::invalid_argument,
                   "--bitcoin FILE is needed here: the settings of bitcoin that the server has");
    TRY(auto settings, bitcoin::read_settings(command.settings));
    Desk desk;
    TRY(desk.node, Node::open(command.place.node));
    desk.cashier = std::make_unique<Cashier>(
        Cashier::Parts{desk.node->store(), desk.node->runtime(), desk.node->market()}, std::move(settings), nullptr);
    TRY_VOID(desk.node->run(desk.cashier->check()));
    return desk;
  }
  ~Desk() {
    if (node) node->close();
  }
  Desk() = default;
  Desk(Desk&&) noexcept = default;
  Desk& operator=(Desk&&) = delete;
};

std::string plain(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

// "a: 1, b: two"
std::string line_of(const json::object& object) {
  std::string line;
  for (const auto& [name, value] : object) {
    if (value.is_null()) continue;
    line += (line.empty() ? "" : ", ") + std::string(name) + ": " + plain(value);
  }
  return line;
}

// Members that are objects or lists become paragraphs, the others lines.
void print(const json::object& answer, bool as_json) {
  if (as_json) {
    std::printf("%s\n", json::serialize(answer).c_str());
    return;
  }
  for (const auto& [name, value] : answer) {
    const std::string title(name);
    if (value.is_array()) {
      std::printf("%s: %zu\n", title.c_str(), value.get_array().size());
      for (const auto& item : value.get_array())
        std::printf("  %s\n", item.is_object() ? line_of(item.get_object()).c_str() : plain(item).c_str());
    } else if (value.is_object()) {
      std::printf("%s: %s\n", title.c_str(), line_of(value.get_object()).c_str());
    } else {
      std::printf("%s: %s\n", title.c_str(), value.is_null() ? "none" : plain(value).c_str());
    }
  }
}

int print_told(const Result<Told>& told, bool as_json) {
  if (!told) return failed(told.error());
  print(told.value().body, as_json);
  return 0;
}

}  // namespace

int bitcoin_state(BitcoinCommand command) {
  const Place& place = command.place;
  if (!place.server.empty()) return print_told(ask(place, "GET", "/api/operator/bitcoin", ""), place.json);
  auto desk = Desk::open(command);
  if (!desk) return failed(desk.error());
  const auto state = desk.value().node->run(desk.value().cashier->state());
  if (!state) return failed(state.error());
  print(http::json_of_state(state.value(), desk.value().cashier->network()), place.json);
  return 0;
}

int bitcoin_add_shard(BitcoinCommand command, std::string key, std::vector<std::string> nodes) {
  const Place& place = command.place;
  json::object answer;
  if (!place.server.empty()) {
    json::array names;
    for (const auto& node : nodes) names.emplace_back(node);
    const json::object body{{"key", key}, {"nodes", std::move(names)}};
    return print_told(ask(place, "POST", "/api/operator/bitcoin/shards", json::serialize(body)), place.json);
  }
  auto desk = Desk::open(command);
  if (!desk) return failed(desk.error());
  const auto number = desk.value().node->run(desk.value().cashier->add_shard({std::move(key), std::move(nodes)}));
  if (!number) return failed(number.error());
  answer["shard"] = number.value();
  print(answer, place.json);
  return 0;
}

int bitcoin_rescan(BitcoinCommand command, std::int64_t height) {
  const Place& place = command.place;
  const json::object answer{{"height", height}};
  if (!place.server.empty())
    return print_told(ask(place, "POST", "/api/operator/bitcoin/rescan", json::serialize(answer)), place.json);
  auto desk = Desk::open(command);
  if (!desk) return failed(desk.error());
  const auto done = desk.value().node->run(desk.value().cashier->rescan(height));
  if (!done) return failed(done.error());
  print(answer, place.json);
  return 0;
}

int bitcoin_owed(BitcoinCommand command) {
  const Place& place = command.place;
  if (!place.server.empty()) return print_told(ask(place, "GET", "/api/operator/bitcoin/owed", ""), place.json);
  auto node = Node::open(place.node);
  if (!node) return failed(node.error());
  const auto owed = node.value()->run(bitcoin::read_owed(node.value()->store(), node.value()->runtime()));
  if (!owed) return failed(owed.error());
  print(http::json_of_owed(owed.value()), place.json);
  return 0;
}

}  // namespace abc2::cli
