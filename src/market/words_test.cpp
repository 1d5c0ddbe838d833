#include "market/words.hpp"

#include <gtest/gtest.h>

namespace abc2::market {
namespace {

using Words = std::vector<std::string>;

TEST(Words, AreRunsOfLettersAndDigitsInLowerCase) {
  EXPECT_EQ(words_of("Top of the River-Guide, 2nd!"), (Words{"top", "of", "the", "river", "guide", "2nd"}));
  EXPECT_EQ(words_of("one one"), (Words{"one", "one"}));
  EXPECT_EQ(words_of(""), Words());
  EXPECT_EQ(words_of(" -- !? "), Words());
}

TEST(Words, OfOtherAlphabets) {
  EXPECT_EQ(words_of("ÄRGER Über Ça Straße"), (Words{"ärger", "über", "ça", "straße"}));
  EXPECT_EQ(words_of("ŁÓDŹ ŽIŽKOV ĈU ŸO"), (Words{"łódź", "žižkov", "ĉu", "ÿo"}));
  EXPECT_EQ(words_of("ΑΘΗΝΑ МОСКВА Ёлка"), (Words{"αθηνα", "москва", "ёлка"}));
  EXPECT_EQ(words_of("a—b “c” · d…e"), (Words{"a", "b", "c", "d", "e"})) << "punctuation of several bytes";
  EXPECT_EQ(words_of("広告ab枠、x"), (Words{"広", "告", "ab", "枠", "x"})) << "nothing separates their words";
  EXPECT_EQ(words_of("한국어 광고"), (Words{"한국어", "광고"}));
}

TEST(Words, WithoutTheSchemeOfAnAddress) {
  EXPECT_EQ(words_of("https://River.example/north-bank?x=1"), (Words{"river", "example", "north", "bank", "x", "1"}));
  EXPECT_EQ(words_of("see http://a.b: c"), (Words{"see", "a", "b", "c"}));
}

TEST(Words, OfASizeHoweverItIsWritten) {
  EXPECT_EQ(words_of("300×250"), Words{"300x250"});
  EXPECT_EQ(words_of("300x250"), Words{"300x250"});
  EXPECT_EQ(words_of("a×b"), (Words{"a", "b"}));
}

TEST(Words, BytesThatAreNoTextSeparate) {
  EXPECT_EQ(words_of("a\xff"
                     "b\xc3"),
            (Words{"a", "b"}));
  EXPECT_EQ(words_of("a\xe2\x82"
                     "b"),
            (Words{"a", "b"}))
      << "a character that is cut off";
  EXPECT_EQ(words_of(std::string_view("a\0b", 3)), (Words{"a", "b"}));
}

TEST(Words, CountUpToTheirFirstBytes) {
  EXPECT_EQ(words_of(std::string(100, 'a')), Words{std::string(word_bytes, 'a')});
  // Never half a character.
  std::string umlauts = "a";
  for (int i = 0; i < 40; ++i) umlauts += "ö";
  EXPECT_EQ(words_of(umlauts).at(0).size(), word_bytes - 1);
}

TEST(Words, OfACampaignOnceEachAndSoMany) {
  Campaign campaign;
  campaign.title = "Sue's river";
  campaign.about = "River walks";
  campaign.page = "https://river.example/";
  campaign.width_px = 300;
  campaign.height_px = 250;
  EXPECT_EQ(words_of("sue", campaign), (Words{"sue", "300x250", "250", "s", "river", "example", "walks"}));
  for (int i = 0; i < 400; ++i) campaign.about += " w" + std::to_string(i);
  EXPECT_EQ(words_of("sue", campaign).size(), words_of_campaign);
}

TEST(Words, FirstLetter) {
  EXPECT_EQ(first_letter("abc"), "a");
  EXPECT_EQ(first_letter("öl"), "ö");
  EXPECT_EQ(first_letter("広"), "広");
  EXPECT_EQ(first_letter(""), "");
}

}  // namespace
}  // namespace abc2::market
