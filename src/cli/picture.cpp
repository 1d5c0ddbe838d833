#include "cli/picture.hpp"

#include <algorithm>
#include <array>

namespace abc2::cli {

namespace {

void append_big_endian(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_big_endian(out, static_cast<std::uint32_t>(data.size()));
  std::string checked(type);
  checked += data;
  out += checked;
  append_big_endian(out, crc32(checked));
}

// A zlib stream of stored blocks: nothing is compressed, nothing is needed to write it.
std::string stored(std::string_view bytes) {
  std::string out = "\x78\x01";
  const std::uint32_t check = adler32(bytes);
  while (!bytes.empty()) {
    const auto length = std::min<std::size_t>(bytes.size(), 65535);
    out += length == bytes.size() ? '\x01' : '\x00';
    for (const std::size_t half : {length, ~length}) {
      out += static_cast<char>(half & 0xff);
      out += static_cast<char>(half >> 8 & 0xff);
    }
    out += bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  append_big_endian(out, check);
  return out;
}

}  // namespace

std::string striped_png(std::uint32_t width, std::uint32_t height, std::uint32_t hue) {
  std::string out = "\x89PNG\r\n\x1a\n";
  std::string header;
  append_big_endian(header, width);
  append_big_endian(header, height);
  header += std::string("\x08\x03\x00\x00\x00", 5);  // a palette with one byte for each pixel
  append_chunk(out, "IHDR", header);

  constexpr std::uint32_t colours = 8;
  std::string palette;
  for (std::uint32_t i = 0; i < colours; ++i) {
    const std::array<std::uint32_t, 3> mix = {hue * 83 + i * 18, hue * 151 + 60 + i * 9, hue * 47 + 120 + i * 14};
    for (const std::uint32_t part : mix) palette += static_cast<char>(64 + part % 176);
  }
  append_chunk(out, "PLTE", palette);

  std::string rows;
  rows.reserve((width + 1) * height);
  for (std::uint32_t y = 0; y < height; ++y) {
    rows += '\0';  // this row is not filtered
    for (std::uint32_t x = 0; x < width; ++x) rows += static_cast<char>((x + y) / 24 % colours);
  }
  append_chunk(out, "IDAT", stored(rows));
  append_chunk(out, "IEND", "");
  return out;
}

}  // namespace abc2::cli
