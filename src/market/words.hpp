// Words: what a text is cut into to be found by them.
//
// A word is a run of letters and digits, in lower case (Latin, Greek and Cyrillic letters; others have none, or are
// left as they are), of which the first word_bytes bytes count. Each Chinese or Japanese character is a word of its
// own, since nothing separates theirs. "300×250" is the word "300x250". The scheme of an address ("https://") is none.
// Bytes that are not UTF-8 separate like a space.
//
// Thread-safe: pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "market/documents.hpp"

namespace abc2::market {

inline constexpr std::size_t word_bytes = 32;
inline constexpr std::size_t words_of_campaign = 256;  // different ones; what comes after them is not found

// The words of the text, in its order, each as often as it is there.
std::vector<std::string> words_of(std::string_view text);

// What a campaign is found by: each word of its seller's name, its size ("300x250", and "250"), title, page and about
// once, the first words_of_campaign of them in that order.
std::vector<std::string> words_of(std::string_view seller, const Campaign& campaign);

// The first letter or digit of a word: one to four bytes.
std::string_view first_letter(std::string_view word);

}  // namespace abc2::market
