#include "store/fields.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

namespace abc2::store::detail {

namespace json = boost::json;

std::string& scratch() {
  constexpr std::size_t kept = 64u << 10;  // pictures are larger, and rare
  thread_local std::string text;
  if (text.capacity() > kept) text = std::string();
  text.clear();
  return text;
}

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // where what needs no escaping, and is not in `out` yet, begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += '\\';
      out += text[i];
    }
  }
  out.append(text, plain);
  out += '"';
}

namespace {
template <class T>
void append_number(std::string& out, T value) {
  char digits[24];
  const auto [end, failed] = std::to_chars(digits, digits + sizeof digits, value);
  ABC2_CHECK(failed == std::errc(), "24 characters hold every 64-bit integer");
  out.append(digits, end);
}
}  // namespace

void append_integer(std::string& out, std::int64_t value) { append_number(out, value); }
void append_integer(std::string& out, std::uint64_t value) { append_number(out, value); }

void Reader::fail(std::string_view name, std::string_view what) {
  if (error_.empty()) error_ = "its member '" + std::string(name) + "' " + std::string(what);
}

void Reader::read(std::string_view name, const json::value& value, bool& out) {
  if (!value.is_bool()) return fail(name, "is neither true nor false");
  out = value.get_bool();
}

void Reader::read(std::string_view name, const json::value& value, std::string& out) {
  if (!value.is_string()) return fail(name, "is not a text");
  out.assign(value.get_string().data(), value.get_string().size());
}

void Reader::read(std::string_view name, const json::value& value, Satoshi& out) {
  if (const auto number = signed_integer(name, value, -Satoshi::kBound, Satoshi::kBound)) out = Satoshi(*number);
}

void Reader::read(std::string_view name, const json::value& value, Time& out) {
  if (const auto number = signed_integer(name, value, 0, kLatestMs)) out = from_unix_ms(*number);
}

void Reader::read(std::string_view, const json::value& value, RawJson& out) { out.text = json::serialize(value); }

std::optional<std::int64_t> Reader::signed_integer(std::string_view name, const json::value& value, std::int64_t least,
                                                   std::int64_t most) {
  if (!value.is_int64()) {
    fail(name, "is not a whole number");
    return std::nullopt;
  }
  const std::int64_t number = value.get_int64();
  if (number >= least && number <= most) return number;
  fail(name, "is out of range");
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::unsigned_integer(std::string_view name, const json::value& value,
                                                      std::uint64_t most) {
  std::uint64_t number = 0;
  if (value.is_uint64()) {
    number = value.get_uint64();
  } else if (value.is_int64() && value.get_int64() >= 0) {
    number = static_cast<std::uint64_t>(value.get_int64());
  } else {
    fail(name, "is not a whole number from 0 up");
    return std::nullopt;
  }
  if (number <= most) return number;
  fail(name, "is out of range");
  return std::nullopt;
}

Result<json::value> parse_document(std::string_view type, int schema, std::string_view value,
                                   json::storage_ptr storage) {
  const std::string what = "a document of type " + std::string(type);
  json::error_code failed;
  json::value json = json::parse(value, failed, std::move(storage));
  if (failed || !json.is_object()) return Error(Code::corrupt, what + " is not a JSON object");
  const json::value* version = json.get_object().if_contains("schema");
  if (!version || !version->is_int64()) return Error(Code::corrupt, what + " has no schema version");
  if (version->get_int64() > schema)
    return Error(Code::newer_schema, what + " has schema " + std::to_string(version->get_int64()) +
                                         ", but this program knows it up to " + std::to_string(schema) +
                                         ": it was written by a later version of abc2; upgrade this one");
  if (version->get_int64() != schema) return Error(Code::corrupt, what + " has an impossible schema version");
  return json;
}

}  // namespace abc2::store::detail
