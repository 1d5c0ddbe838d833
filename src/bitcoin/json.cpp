#include "bitcoin/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>

namespace abc2::bitcoin {
namespace {

namespace json = boost::json;

// What the parser calls, piece by piece. Numbers are taken as their text, never as the values offered with it.
struct Builder {
  constexpr static std::size_t max_object_size = 1'000'000, max_array_size = 10'000'000;
  constexpr static std::size_t max_key_size = 1'000, max_string_size = 64'000'000;
  using Ec = json::error_code;

  bool begin() { return text.clear(), true; }
  void put(Json&& made) {
    if (open.empty()) {
      done = std::move(made);
      return;
    }
    Json& top = open.back();
    if (top.kind == Json::Kind::object) {
      top.members[keys.back()] = std::move(made);
      keys.pop_back();
    } else {
      top.items.push_back(std::move(made));
    }
  }
  bool close() {
    Json made = std::move(open.back());
    open.pop_back();
    put(std::move(made));
    return true;
  }
  bool part(json::string_view piece) { return text.append(piece.data(), piece.size()), true; }
  bool finish(Json::Kind kind, json::string_view piece) {
    part(piece);
    put({kind, std::exchange(text, {})});
    return true;
  }

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) { return open.push_back({Json::Kind::object}), true; }
  bool on_object_end(std::size_t, Ec&) { return close(); }
  bool on_array_begin(Ec&) { return open.push_back({Json::Kind::list}), true; }
  bool on_array_end(std::size_t, Ec&) { return close(); }
  bool on_key_part(json::string_view piece, std::size_t, Ec&) { return part(piece); }
  bool on_key(json::string_view piece, std::size_t, Ec&) {
    part(piece);
    keys.push_back(std::exchange(text, {}));
    return true;
  }
  bool on_string_part(json::string_view piece, std::size_t, Ec&) { return part(piece); }
  bool on_string(json::string_view piece, std::size_t, Ec&) { return finish(Json::Kind::text, piece); }
  bool on_number_part(json::string_view piece, Ec&) { return part(piece); }
  bool on_int64(std::int64_t, json::string_view piece, Ec&) { return finish(Json::Kind::number, piece); }
  bool on_uint64(std::uint64_t, json::string_view piece, Ec&) { return finish(Json::Kind::number, piece); }
  bool on_double(double, json::string_view piece, Ec&) { return finish(Json::Kind::number, piece); }
  bool on_bool(bool value, Ec&) { return finish(Json::Kind::boolean, value ? "true" : "false"); }
  bool on_null(Ec&) { return put({}), true; }
  bool on_comment_part(json::string_view, Ec&) { return true; }
  bool on_comment(json::string_view, Ec&) { return true; }

  std::vector<Json> open{};
  std::vector<std::string> keys{};
  std::string text{};
  Json done{};
};

Error no_amount(std::string_view number) {
  return {Code::invalid_argument, "'" + std::string(number.substr(0, 40)) + "' is not an amount of bitcoin"};
}

}  // namespace

const Json& Json::operator[](std::string_view name) const {
  static const Json null;
  const auto at = members.find(name);
  return at == members.end() ? null : at->second;
}

Result<Json> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 32;
  json::basic_parser<Builder> parser(options);
  json::error_code failed;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), failed);
  if (failed || used != text.size()) return Error(Code::invalid_argument, "this is not JSON");
  return std::move(parser.handler().done);
}

Result<std::string> text_of(const Json& json, std::string_view what) {
  if (json.kind == Json::Kind::text) return json.value;
  return Error(Code::invalid_argument, "the node's " + std::string(what) + " is not a text");
}

Result<std::int64_t> integer_of(const Json& json, std::string_view what) {
  std::int64_t value = 0;
  const char* end = json.value.data() + json.value.size();
  if (json.kind == Json::Kind::number && !json.value.empty()) {
    const auto [stopped, failed] = std::from_chars(json.value.data(), end, value);
    if (failed == std::errc() && stopped == end) return value;
  }
  return Error(Code::invalid_argument, "the node's " + std::string(what) + " is not a whole number");
}

Result<Satoshi> parse_bitcoin(std::string_view number) {
  // The digits without the point, and how far the point must go.
  const bool negative = number.starts_with('-');
  std::string digits;
  std::int64_t shift = 8;
  bool point = false, some = false;
  std::size_t i = negative ? 1 : 0;
  for (; i < number.size() && number[i] != 'e' && number[i] != 'E'; ++i) {
    if (number[i] == '.' && !point) {
      point = true;
      continue;
    }
    if (number[i] < '0' || number[i] > '9' || digits.size() > 40) return no_amount(number);
    digits += number[i];
    some = true;
    if (point) --shift;
  }
  if (!some) return no_amount(number);
  if (i < number.size()) {
    std::string_view exponent = number.substr(i + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    int value = 0;
    const auto [end, failed] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
    if (failed != std::errc() || end != exponent.data() + exponent.size() || value < -60 || value > 60)
      return no_amount(number);
    shift += value;
  }
  for (; shift < 0; ++shift) {
    if (digits.empty()) break;
    if (digits.back() != '0') return no_amount(number);  // a part of a satoshi
    digits.pop_back();
  }
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return Satoshi(0);
  if (shift + static_cast<std::int64_t>(digits.size()) > 16) return no_amount(number);
  digits.append(static_cast<std::size_t>(shift), '0');
  return Satoshi::parse(negative ? "-" + digits : digits);
}

}  // namespace abc2::bitcoin
