#include "store/canonical.hpp"

namespace abc2::store::detail {

bool CanonicalReader::text(std::string_view& out) {
  whole_ = take('"');
  if (!whole_) return false;
  const char* const begin = at_;
  while (at_ != end_ && *at_ != '"' && *at_ != '\\' && *at_ >= ' ' && static_cast<unsigned char>(*at_) < 0x80) ++at_;
  out = {begin, at_};
  whole_ = take('"');
  return whole_;
}

void CanonicalReader::read(bool& out) {
  out = remaining().starts_with("true");
  whole_ = out || remaining().starts_with("false");
  if (whole_) at_ += out ? 4 : 5;
}

void CanonicalReader::read(std::string& out) {
  std::string_view found;
  if (text(found)) out.assign(found);
}

void CanonicalReader::read(Satoshi& out) {
  std::int64_t value = 0;
  read(value);
  whole_ = whole_ && value >= -Satoshi::kBound && value <= Satoshi::kBound;
  if (whole_) out = Satoshi(value);
}

void CanonicalReader::read(Time& out) {
  std::int64_t ms = 0;
  read(ms);
  whole_ = whole_ && ms >= 0 && ms <= kLatestMs;
  if (whole_) out = from_unix_ms(ms);
}

}  // namespace abc2::store::detail
