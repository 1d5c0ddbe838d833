// CanonicalReader: reads the text of a document that is, letter for letter, as encode() writes it: members in the order
// of `fields`, nothing between them, texts of ASCII that needs no escaping. Nearly all documents of a store are, and
// reading them so takes a fraction of what a reader of any JSON takes.
//
// It says only whether it has read the whole text. What it has not read may be a document all the same, or be wrong in
// a way that somebody must be told: both are up to the reader of any JSON in store/fields.hpp. What it has read, that
// one reads the same.
#pragma once
#include <charconv>
#include <limits>

#include "base/satoshi.hpp"
#include "base/time.hpp"
#include "store/field_types.hpp"

namespace abc2::store::detail {

class CanonicalReader {
 public:
  // `text` outlives the reader.
  explicit CanonicalReader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // A whole document with its schema version. After false, `out` holds parts of it.
  template <Document T>
  bool document(T& out) {
    int schema = 0;
    if (!take('{') || !member("schema")) return false;
    read(schema);
    if (schema != T::schema) return false;
    T::fields(out, *this);
    return take('}') && whole_ && at_ == end_;
  }

  // The next member: what T::fields calls.
  template <class T>
  void operator()(std::string_view name, T& out) {
    if (!whole_) return;
    if constexpr (is_optional<T>::value) {
      if (!member(name)) return out.reset();
      read(out.emplace());
    } else {
      whole_ = member(name);
      if (whole_) read(out);
    }
  }

 private:
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  // Steps over `,"name":`, without the comma at the beginning of an object; or stays where it is.
  bool member(std::string_view name) {
    const char* const before = at_;
    if ((first_ || take(',')) && take('"') && remaining().starts_with(name)) {
      at_ += name.size();
      if (take('"') && take(':')) {
        first_ = false;
        return true;
      }
    }
    at_ = before;
    return false;
  }
  [[nodiscard]] std::string_view remaining() const { return {at_, end_}; }

  // Up to the closing quote; false, and the reading has ended, if there is anything but plain ASCII before it.
  bool text(std::string_view& out);
  void read(bool& out);
  void read(std::string& out);
  void read(Satoshi& out);
  void read(Time& out);
  // Whose type nobody knows here.
  void read(RawJson&) { whole_ = false; }

  template <std::integral T>
    requires(!std::is_same_v<T, bool>)
  void read(T& out) {
    const char* const begin = at_;
    const auto [stop, error] = std::from_chars(at_, end_, out);
    at_ = stop;
    const char* const digits = begin + (begin != stop && *begin == '-' ? 1 : 0);
    // JSON has no number that begins with 0 but 0 itself; "-0" is for others to decide.
    whole_ = error == std::errc() && (*digits != '0' || (digits + 1 == stop && digits == begin));
  }
  template <class T>
    requires std::is_enum_v<T>
  void read(T& out) {
    std::string_view found;
    if (!text(found)) return;
    const auto& names = EnumText<T>::names;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == found) return void(out = static_cast<T>(i));
    whole_ = false;
  }
  template <class T>
  void read(std::vector<T>& out) {
    out.clear();
    whole_ = take('[');
    if (!whole_ || take(']')) return;
    do read(out.emplace_back());
    while (whole_ && take(','));
    whole_ = whole_ && take(']');
  }
  template <HasFields T>
  void read(T& out) {
    whole_ = take('{');
    first_ = true;
    T::fields(out, *this);
    first_ = false;
    whole_ = whole_ && take('}');
  }

  const char* at_;
  const char* const end_;
  bool first_ = true;  // no member of this object has been read
  bool whole_ = true;  // all has been as it should be, so far
};

}  // namespace abc2::store::detail
