#include "market/words.hpp"

#include <unordered_set>

namespace abc2::market {
namespace {

// The bytes of the character that begins with `first`; 0: none begins so.
std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

// Takes one character off `text`. 0: what is there is not UTF-8, and one byte was taken.
char32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = length_of(byte(0));
  char32_t character = length == 1 ? byte(0) : length == 0 ? 0 : byte(0) & (0xff >> (length + 1));
  bool whole = length > 0 && length <= text.size();
  for (std::size_t i = 1; whole && i < length; ++i) {
    whole = (byte(i) & 0xc0) == 0x80;
    character = character << 6 | (byte(i) & 0x3f);
  }
  text.remove_prefix(whole ? length : 1);
  return whole ? character : 0;
}

void append_character(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr char32_t first[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(first[more] | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (c >> (6 * i) & 0x3f));
}

bool between(char32_t c, char32_t from, char32_t to) { return from <= c && c <= to; }

char32_t lower(char32_t c) {
  if (between(c, 'A', 'Z') || (between(c, 0xc0, 0xde) && c != 0xd7)) return c + 32;        // Latin-1
  if (between(c, 0x100, 0x137) || between(c, 0x14a, 0x177) || between(c, 0x460, 0x481) ||  // in pairs, the
      between(c, 0x48a, 0x4bf) || between(c, 0x4d0, 0x52f) || between(c, 0x1e00, 0x1eff))  // capital even
    return c | 1;
  if (between(c, 0x139, 0x148) || between(c, 0x179, 0x17e)) return c % 2 == 1 ? c + 1 : c;  // the capital odd
  if (c == 0x178) return 0xff;
  if (between(c, 0x391, 0x3a9)) return c + 32;  // Greek
  if (between(c, 0x410, 0x42f)) return c + 32;  // Cyrillic
  if (between(c, 0x400, 0x40f)) return c + 80;
  return c;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return between(c, '0', '9') || between(c, 'a', 'z');
  // Signs among the letters of other alphabets: Latin-1 below À, its × and ÷, general punctuation and symbols, the
  // punctuation of Chinese and Japanese, full-width signs.
  return c >= 0xc0 && c != 0xd7 && c != 0xf7 && !between(c, 0x2000, 0x2bff) && !between(c, 0x3000, 0x3004) &&
         !between(c, 0x3008, 0x3020) && !between(c, 0xff00, 0xff0f) && !between(c, 0xff1a, 0xff20);
}

bool is_word_of_its_own(char32_t c) {
  return between(c, 0x2e80, 0x9fff) || between(c, 0xf900, 0xfaff) || between(c, 0x20000, 0x3ffff);
}

constexpr char32_t kTimes = 0xd7;

// Calls take(word) for each.
template <class Take>
void cut(std::string_view text, Take take) {
  std::string word;
  bool is_full = false;
  const auto end = [&] {
    if (!word.empty()) take(std::move(word));
    word.clear();
    is_full = false;
  };
  while (!text.empty()) {
    const char32_t before = word.empty() ? 0 : static_cast<unsigned char>(word.back());
    char32_t c = lower(take_character(text));
    if (c == kTimes && between(before, '0', '9')) c = 'x';
    if (c == ':' && text.starts_with("//")) word.clear();  // the scheme of an address
    if (!is_letter(c)) {
      end();
      continue;
    }
    if (is_word_of_its_own(c)) end();
    std::string letter;
    append_character(letter, c);
    is_full = is_full || word.size() + letter.size() > word_bytes;
    if (!is_full) word += letter;
    if (is_word_of_its_own(c)) end();
  }
  end();
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  cut(text, [&](std::string word) { words.push_back(std::move(word)); });
  return words;
}

std::vector<std::string> words_of(std::string_view seller, const Campaign& campaign) {
  std::vector<std::string> words;
  std::unordered_set<std::string> seen;
  const auto take = [&](std::string word) {
    if (words.size() < words_of_campaign && seen.insert(word).second) words.push_back(std::move(word));
  };
  cut(seller, take);
  take(std::to_string(campaign.width_px) + "x" + std::to_string(campaign.height_px));
  take(std::to_string(campaign.height_px));
  cut(campaign.title, take);
  cut(campaign.page, take);
  cut(campaign.about, take);
  return words;
}

std::string_view first_letter(std::string_view word) {
  if (word.empty()) return word;
  return word.substr(0, length_of(static_cast<unsigned char>(word.front())));
}

}  // namespace abc2::market
