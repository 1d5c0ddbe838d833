// Typed JSON documents, described once: a struct lists its members in a static function template `fields`, and both
// directions follow from it.
//
//   struct Greeting {
//     static constexpr std::string_view type = "greeting";
//     static constexpr int schema = 1;
//     std::string text;
//     std::optional<Satoshi> tip;
//     static void fields(auto& self, auto&& field) {
//       field("text", self.text);
//       field("tip_sat", self.tip);
//     }
//   };
//   std::string value = encode(Greeting{.text = "hello"});   // {"schema":1,"text":"hello"}
//   Result<Greeting> again = decode<Greeting>(value);
//
// Members may be bool, integers, Satoshi, Time, std::string (UTF-8), enums that have `EnumText`, RawJson, structs with
// `fields`, and std::optional or std::vector of these. An empty optional is left out.
//
// Reading is strict: a missing or unknown member and a wrong type are Code::corrupt, naming the member. A document of
// a newer schema is Code::newer_schema: it is never read half and never rewritten. Whoever adds a member raises the
// schema, so that an older program cannot drop it.
#pragma once
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.hpp"
#include "base/satoshi.hpp"
#include "base/time.hpp"
#include "store/canonical.hpp"
#include "store/field_types.hpp"

namespace abc2::store {

namespace detail {

void append_string(std::string& out, std::string_view text);
void append_integer(std::string& out, std::int64_t value);
void append_integer(std::string& out, std::uint64_t value);

// Where this thread puts texts together, empty: so that a document takes one allocation, of its size.
std::string& scratch();

template <class T>
void append_value(std::string& out, const T& value);

template <HasFields T>
void append_members(std::string& out, const T& value, bool first) {
  T::fields(value, [&](std::string_view name, const auto& member) {
    if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>::value) {
      if (!member) return;
    }
    if (!first) out += ',';
    first = false;
    out += '"';
    out += name;
    out += "\":";
    append_value(out, member);
  });
}

template <class T>
void append_value(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    append_string(out, EnumText<T>::names[static_cast<std::size_t>(value)]);
  } else if constexpr (std::is_unsigned_v<T>) {
    append_integer(out, static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_integral_v<T>) {
    append_integer(out, static_cast<std::int64_t>(value));
  } else if constexpr (std::is_same_v<T, Satoshi>) {
    append_integer(out, value.value());
  } else if constexpr (std::is_same_v<T, Time>) {
    append_integer(out, to_unix_ms(value));
  } else if constexpr (std::is_same_v<T, std::string>) {
    append_string(out, value);
  } else if constexpr (std::is_same_v<T, RawJson>) {
    out += value.text;
  } else if constexpr (is_optional<T>::value) {
    append_value(out, *value);
  } else if constexpr (is_vector<T>::value) {
    out += '[';
    bool first = true;
    for (const auto& element : value) {
      if (!first) out += ',';
      first = false;
      append_value(out, element);
    }
    out += ']';
  } else {
    static_assert(HasFields<T>, "a member of a document must be of a supported type");
    out += '{';
    append_members(out, value, true);
    out += '}';
  }
}

// Reads members and remembers the first thing that was wrong.
class Reader {
 public:
  Reader(const boost::json::object& object, std::string& error) : object_(object), error_(error) {}

  template <class T>
  void operator()(std::string_view name, T& member) {
    if (!error_.empty()) return;
    const boost::json::value* value = object_.if_contains(name);
    if constexpr (is_optional<T>::value) {
      if (!value) return member.reset();
      ++read_;
      read(name, *value, member.emplace());
    } else {
      if (!value) return fail(name, "is missing");
      ++read_;
      read(name, *value, member);
    }
  }

  // To be called last: a member that nobody asked for would be lost at the next write.
  void expect_all_read(std::size_t others = 0) {
    if (error_.empty() && read_ + others != object_.size()) error_ = "it has members that are unknown here";
  }

 private:
  void fail(std::string_view name, std::string_view what);
  void read(std::string_view name, const boost::json::value& value, bool& out);
  void read(std::string_view name, const boost::json::value& value, std::string& out);
  void read(std::string_view name, const boost::json::value& value, Satoshi& out);
  void read(std::string_view name, const boost::json::value& value, Time& out);
  void read(std::string_view name, const boost::json::value& value, RawJson& out);
  std::optional<std::int64_t> signed_integer(std::string_view name, const boost::json::value& value, std::int64_t least,
                                             std::int64_t most);
  std::optional<std::uint64_t> unsigned_integer(std::string_view name, const boost::json::value& value,
                                                std::uint64_t most);

  template <std::integral T>
    requires(!std::is_same_v<T, bool>)
  void read(std::string_view name, const boost::json::value& value, T& out) {
    if constexpr (std::is_unsigned_v<T>) {
      if (const auto number = unsigned_integer(name, value, std::numeric_limits<T>::max()))
        out = static_cast<T>(*number);
    } else {
      if (const auto number = signed_integer(name, value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()))
        out = static_cast<T>(*number);
    }
  }
  template <class T>
    requires std::is_enum_v<T>
  void read(std::string_view name, const boost::json::value& value, T& out) {
    std::string text;
    read(name, value, text);
    if (!error_.empty()) return;
    const auto& names = EnumText<T>::names;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == text) return void(out = static_cast<T>(i));
    fail(name, "is none of the values that are known here");
  }
  template <class T>
  void read(std::string_view name, const boost::json::value& value, std::vector<T>& out) {
    if (!value.is_array()) return fail(name, "is not a list");
    out.clear();
    for (const auto& element : value.get_array()) read(name, element, out.emplace_back());
  }
  template <HasFields T>
  void read(std::string_view name, const boost::json::value& value, T& out) {
    if (!value.is_object()) return fail(name, "is not an object");
    Reader inner(value.get_object(), error_);
    T::fields(out, inner);
    inner.expect_all_read();
  }

  const boost::json::object& object_;
  std::string& error_;
  std::size_t read_ = 0;
};

// The object of a document's value, its schema checked. Errors: corrupt, newer_schema.
Result<boost::json::value> parse_document(std::string_view type, int schema, std::string_view value,
                                          boost::json::storage_ptr storage);

// From any JSON text of the document. Errors: corrupt, newer_schema.
template <Document T>
Result<T> decode_any(std::string_view value) {
  unsigned char buffer[4096];
  boost::json::monotonic_resource memory(buffer, sizeof buffer);
  TRY(const auto json, parse_document(T::type, T::schema, value, &memory));
  T document;
  std::string error;
  Reader reader(json.get_object(), error);
  T::fields(document, reader);
  reader.expect_all_read(1);
  if (!error.empty())
    return Error(Code::corrupt,
                 std::string("a document of type ") + std::string(T::type) + " cannot be read: " + error);
  return document;
}

}  // namespace detail

// The JSON text of a document, with its schema version.
template <Document T>
std::string encode(const T& document) {
  std::string& out = detail::scratch();
  out += "{\"schema\":";
  detail::append_integer(out, std::int64_t{T::schema});
  detail::append_members(out, document, false);
  out += '}';
  return out;
}

// The JSON text of a part of a document, without a schema version.
template <HasFields T>
RawJson encode_part(const T& part) {
  std::string& out = detail::scratch();
  out += '{';
  detail::append_members(out, part, true);
  out += '}';
  return {out};
}

// Errors: corrupt, newer_schema.
template <Document T>
Result<T> decode(std::string_view value) {
  if (T canonical; detail::CanonicalReader(value).document(canonical)) return canonical;
  return detail::decode_any<T>(value);
}

// Errors: corrupt.
template <HasFields T>
Result<T> decode_part(const RawJson& part) {
  boost::json::error_code failed;
  const auto json = boost::json::parse(part.text, failed);
  if (failed || !json.is_object()) return Error(Code::corrupt, "a part of a document is not a JSON object");
  T out;
  std::string error;
  detail::Reader reader(json.get_object(), error);
  T::fields(out, reader);
  reader.expect_all_read();
  if (!error.empty()) return Error(Code::corrupt, "a part of a document cannot be read: " + error);
  return out;
}

}  // namespace abc2::store
