#include "market/png_chunks.hpp"

#include <algorithm>
#include <boost/crc.hpp>

namespace abc2::market {
namespace {

constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kFrameBytes = 12;  // of a chunk besides its data: length, type, checksum

std::uint32_t big_endian(std::string_view four) {
  std::uint32_t value = 0;
  for (const char c : four) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

Result<std::string> essential_png(std::string_view png) {
  static constexpr std::array<std::string_view, 5> kept{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"};
  const Error damaged(Code::invalid_argument, "image: the PNG is damaged or cut off");
  if (png.size() < kSignatureBytes) return damaged;
  std::string essential(png.substr(0, kSignatureBytes));
  for (png.remove_prefix(kSignatureBytes); png.size() >= kFrameBytes;) {
    const std::size_t length = big_endian(png.substr(0, 4));
    if (length > png.size() - kFrameBytes) return damaged;
    const std::string_view type = png.substr(4, 4);
    boost::crc_32_type checksum;
    checksum.process_bytes(png.data() + 4, 4 + length);
    if (checksum.checksum() != big_endian(png.substr(8 + length, 4))) return damaged;
    if (std::find(kept.begin(), kept.end(), type) != kept.end()) essential += png.substr(0, kFrameBytes + length);
    if (type == "IEND") return essential;
    png.remove_prefix(kFrameBytes + length);
  }
  return damaged;
}

}  // namespace abc2::market
