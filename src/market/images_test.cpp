#include "market/images.hpp"

#include <gtest/gtest.h>

#include <boost/crc.hpp>

#include "base/limits.hpp"
#include "market/test_images.hpp"
#include "runtime/blocking.hpp"

namespace abc2::market {
namespace {

using testing::make_image;

constexpr const char* kFormats[] = {"png", "gif", "jpeg", "progressive", "webp", "animated"};

std::string refusal(std::string_view bytes) {
  const auto decoded = decode_image(bytes);
  if (decoded) return "taken";
  EXPECT_EQ(decoded.error().code(), Code::invalid_argument);
  return decoded.error().message();
}

bool mentions(const std::string& text, std::string_view word) { return text.find(word) != std::string::npos; }

std::string big(std::uint32_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
  return out;
}
std::string little(std::uint32_t value, int bytes) {
  std::string out = big(value, bytes);
  return {out.rbegin(), out.rend()};
}

std::string png_chunk(std::string type, const std::string& data) {
  boost::crc_32_type checksum;
  type += data;
  checksum.process_bytes(type.data(), type.size());
  return big(static_cast<std::uint32_t>(data.size()), 4) + type + big(checksum.checksum(), 4);
}
// The header of a PNG that claims these sides, and nothing behind it that could fill them.
std::string png_claiming(std::uint32_t width, std::uint32_t height) {
  return std::string("\x89PNG\r\n\x1a\n", 8) +
         png_chunk("IHDR", big(width, 4) + big(height, 4) + std::string("\x08\x06\0\0\0", 5)) + png_chunk("IEND", "");
}
std::string gif_claiming(std::uint32_t width, std::uint32_t height) {
  return "GIF89a" + little(width, 2) + little(height, 2) + std::string(3, '\0') + "," + std::string(4, '\0') +
         little(width, 2) + little(height, 2) + std::string("\0\2\0;", 4);
}
std::string jpeg_claiming(std::uint32_t width, std::uint32_t height, unsigned scans) {
  std::string out =
      "\xFF\xD8\xFF\xC2" + big(11, 2) + "\x08" + big(height, 2) + big(width, 2) + std::string("\1\1\x11\0", 4);
  for (unsigned i = 0; i < scans; ++i)
    out += "\xFF\xDA" + big(8, 2) + std::string("\1\1\0\0\0\0", 6) + std::string("\x12\xFF\0\x34", 4);
  return out + "\xFF\xD9";
}
std::string webp_claiming(std::uint32_t width, std::uint32_t height, char flags) {
  const std::string body =
      std::string("VP8X") + little(10, 4) + flags + std::string(3, '\0') + little(width - 1, 3) + little(height - 1, 3);
  return "RIFF" + little(static_cast<std::uint32_t>(body.size() + 4), 4) + "WEBP" + body;
}

TEST(Images, RealOnesAreTaken) {
  const std::pair<const char*, const char*> types[] = {{"png", "image/png"},   {"gif", "image/gif"},
                                                       {"jpeg", "image/jpeg"}, {"progressive", "image/jpeg"},
                                                       {"webp", "image/webp"}, {"animated", "image/gif"}};
  for (const auto& [format, type] : types) {
    const auto decoded = decode_image(make_image(format));
    ASSERT_TRUE(decoded) << format << ": " << decoded.error().message();
    EXPECT_EQ(decoded.value(), (ImageInfo{type, 40, 30})) << format;
  }
  EXPECT_EQ(decode_image(make_image("png", 1, 1)).value().width_px, 1u);
  EXPECT_EQ(decode_image(make_image("webp", 300, 7)).value().height_px, 7u);
}

TEST(Images, WhatIsCutOffAnywhereIsRefused) {
  for (const char* format : kFormats) {
    const std::string whole = make_image(format);
    for (std::size_t size = 0; size < whole.size(); ++size)
      ASSERT_FALSE(decode_image(whole.substr(0, size))) << format << " cut off at " << size << " of " << whole.size();
  }
}

TEST(Images, AGarbledPngIsRefused) {
  const std::string whole = make_image("png");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string garbled = whole;
    garbled[at] = static_cast<char>(garbled[at] ^ 0x55);
    ASSERT_FALSE(decode_image(garbled)) << "at " << at;
  }
}

// Lossy formats cannot tell; but nothing may break, and what is taken has the sides that its headers say.
TEST(Images, GarbledImagesDoNoHarm) {
  for (const char* format : kFormats) {
    const std::string whole = make_image(format);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string garbled = whole;
      garbled[at] = static_cast<char>(garbled[at] ^ 0xA5);
      const auto header = read_image_header(garbled);
      const auto decoded = decode_image(garbled);
      if (decoded) ASSERT_EQ(header.value(), decoded.value());
    }
  }
}

TEST(Images, WhatIsNoImageIsRefusedWithTheReason) {
  EXPECT_TRUE(mentions(refusal(""), "empty"));
  EXPECT_TRUE(mentions(refusal("hello"), "no PNG, JPEG, GIF or WebP"));
  EXPECT_TRUE(mentions(refusal("<svg xmlns='http://www.w3.org/2000/svg'/>"), "no PNG, JPEG, GIF or WebP"));
  EXPECT_TRUE(mentions(refusal("BM" + std::string(100, '\0')), "no PNG, JPEG, GIF or WebP"));
  std::string large = make_image("png");
  large.resize(limits::image_bytes + 1);
  EXPECT_TRUE(mentions(refusal(large), "at most 262144 are allowed"));
  EXPECT_TRUE(mentions(refusal(webp_claiming(40, 30, 0x02)), "animated"));
  EXPECT_TRUE(mentions(refusal("\x89PNG\r\n\x1a\n"), "damaged"));
}

// Each asks for more memory than its bytes are worth: it is refused by its header, before any decoder sees it.
TEST(Images, SmallFilesThatClaimToBeLargeAreRefusedByTheirHeaders) {
  const auto side = limits::image_side_pixels;
  for (const auto& [width, height] : {std::pair{side + 1, 1u}, {1u, side + 1}, {side, side}, {0xFFFFu, 0xFFFFu}}) {
    for (const std::string& bytes : {png_claiming(width, height), gif_claiming(width, height),
                                     jpeg_claiming(width, height, 1), webp_claiming(width, height, 0)}) {
      const auto header = read_image_header(bytes);
      ASSERT_FALSE(header);
      EXPECT_TRUE(mentions(header.error().message(), "are allowed")) << header.error().message();
    }
  }
  EXPECT_FALSE(read_image_header(png_claiming(0xFFFFFFFF, 0xFFFFFFFF)));
  EXPECT_TRUE(mentions(refusal(png_claiming(0, 10)), "no pixels"));
  EXPECT_TRUE(mentions(refusal(jpeg_claiming(10, 0, 1)), "no pixels"));
  // Within the limits the header is right, and there is no picture behind it.
  EXPECT_TRUE(read_image_header(png_claiming(side, 1)));
  EXPECT_FALSE(decode_image(png_claiming(side, 1)));
}

TEST(Images, AJpegOfCountlessScansIsRefused) {
  EXPECT_TRUE(read_image_header(jpeg_claiming(2000, 2000, limits::jpeg_scans)));
  EXPECT_TRUE(mentions(refusal(jpeg_claiming(2000, 2000, limits::jpeg_scans + 1)), "scans"));
}

TEST(Images, AJpegOfTwoFramesIsRefused) {
  std::string two = jpeg_claiming(10, 10, 1);
  two.insert(2, "\xFF\xC0" + big(11, 2) + "\x08" + big(4000, 2) + big(1000, 2) + std::string("\1\1\x11\0", 4));
  EXPECT_FALSE(read_image_header(two));
}

TEST(Images, AGifWhosePictureIsLargerThanItsScreenIsRefused) {
  std::string gif = gif_claiming(10, 10);
  gif.replace(6, 4, little(5, 2) + little(5, 2));
  EXPECT_FALSE(read_image_header(gif));
}

TEST(Images, OnThePool) {
  runtime::WorkerPool pool(1, 4);
  PooledImageChecker checker(pool);
  const auto good = std::make_shared<const std::string>(make_image("png"));
  EXPECT_EQ(runtime::run_blocking(checker.check(good)).value().media_type, "image/png");
  const auto bad = std::make_shared<const std::string>("no image");
  EXPECT_EQ(runtime::run_blocking(checker.check(bad)).error().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace abc2::market
