#include "store/fields.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

namespace abc2::store::detail {

namespace json = boost::json;

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
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
  constexpr std::int64_t year_9999_ms = 253'402'300'799'999;
  if (const auto number = signed_integer(name, value, 0, year_9999_ms)) out = from_unix_ms(*number);
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
