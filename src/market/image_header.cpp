// What the headers of the four formats say. Every read is checked against the end; nothing is allocated.
#include <array>

#include "base/limits.hpp"
#include "market/images.hpp"

namespace abc2::market {
namespace {

Error damaged(std::string_view format) {
  return {Code::invalid_argument, "image: the " + std::string(format) + " is damaged or cut off"};
}

// Bytes from a position on; what lies behind the end reads as nothing.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool ended() const { return at_ >= bytes_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }

  void skip(std::size_t count) {
    if (count > bytes_.size() - at_) {
      ok_ = false;
      count = bytes_.size() - at_;
    }
    at_ += count;
  }
  void back(std::size_t count) { at_ -= count; }
  std::uint32_t byte() {
    if (ended()) {
      ok_ = false;
      return 0;
    }
    return static_cast<unsigned char>(bytes_[at_++]);
  }
  std::uint32_t big(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = (value << 8) | byte();
    return value;
  }
  std::uint32_t little(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value |= byte() << (8 * i);
    return value;
  }
  std::string_view text(std::size_t count) {
    const std::size_t from = at_;
    skip(count);
    return bytes_.substr(from, at_ - from);
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

Result<ImageInfo> read_png(Bytes bytes) {
  bytes.skip(8);
  const auto length = bytes.big(4);
  const bool header = bytes.text(4) == "IHDR";
  ImageInfo info{"image/png", bytes.big(4), bytes.big(4)};
  if (!bytes.ok() || length != 13 || !header) return damaged("PNG");
  return info;
}

// Skips data sub-blocks up to and with their terminator.
void skip_gif_blocks(Bytes& bytes) {
  for (std::uint32_t size = bytes.byte(); size != 0 && bytes.ok(); size = bytes.byte()) bytes.skip(size);
}

std::size_t gif_colours(std::uint32_t flags) { return (flags & 0x80) ? std::size_t{3} << ((flags & 7) + 1) : 0; }

Result<ImageInfo> read_gif(Bytes bytes) {
  bytes.skip(6);
  ImageInfo info{"image/gif", bytes.little(2), bytes.little(2)};
  const auto flags = bytes.byte();
  bytes.skip(2 + gif_colours(flags));
  for (unsigned pictures = 0; bytes.ok();) {
    const auto introducer = bytes.byte();
    if (introducer == 0x3B && pictures > 0) return info;
    if (introducer == 0x21) {
      bytes.skip(1);
      skip_gif_blocks(bytes);
      continue;
    }
    if (introducer != 0x2C) break;
    ++pictures;
    const auto left = bytes.little(2), top = bytes.little(2), width = bytes.little(2), height = bytes.little(2);
    bytes.skip(gif_colours(bytes.byte()));
    bytes.skip(1);  // the size of the first codes
    skip_gif_blocks(bytes);
    if (width == 0 || height == 0 || left + width > info.width_px || top + height > info.height_px) break;
  }
  return damaged("GIF");
}

// Skips a scan's data, up to the next marker that is neither a stuffed byte nor a restart.
void skip_scan(Bytes& bytes) {
  for (bool after_ff = false; bytes.ok();) {
    const auto byte = bytes.byte();
    if (after_ff && byte != 0x00 && byte != 0xFF && (byte < 0xD0 || byte > 0xD7)) return bytes.back(2);
    after_ff = byte == 0xFF;
  }
}

Result<ImageInfo> read_jpeg(Bytes bytes) {
  ImageInfo info{"image/jpeg", 0, 0};
  bytes.skip(2);
  unsigned scans = 0, frames = 0;
  while (bytes.ok()) {
    if (bytes.byte() != 0xFF) break;
    auto marker = bytes.byte();
    while (marker == 0xFF) marker = bytes.byte();
    if (marker == 0xD9) {
      if (bytes.ok() && frames == 1 && scans > 0) return info;
      break;
    }
    if (marker == 0x01) continue;
    if (marker < 0xC0 || (marker >= 0xD0 && marker <= 0xD8)) break;
    const auto length = bytes.big(2);
    if (length < 2) break;
    const bool frame = marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      ++frames;
      if (length < 8) break;
      bytes.skip(1);
      info.height_px = bytes.big(2);
      info.width_px = bytes.big(2);
      bytes.skip(length - 7);
      continue;
    }
    bytes.skip(length - 2);
    if (marker != 0xDA) continue;
    if (frames == 0) break;
    if (++scans > limits::jpeg_scans)
      return Error(Code::invalid_argument, "image: the JPEG has more than " + std::to_string(limits::jpeg_scans) +
                                               " scans; save it again without so many");
    skip_scan(bytes);
  }
  return damaged("JPEG");
}

Result<ImageInfo> read_webp(Bytes bytes, std::size_t size) {
  bytes.skip(4);
  const auto riff = bytes.little(4);
  bytes.skip(4);
  const auto kind = bytes.text(4);
  bytes.skip(4);
  ImageInfo info{"image/webp", 0, 0};
  if (kind == "VP8X") {
    const auto flags = bytes.byte();
    bytes.skip(3);
    info.width_px = bytes.little(3) + 1;
    info.height_px = bytes.little(3) + 1;
    if (bytes.ok() && (flags & 0x02))
      return Error(Code::invalid_argument, "image: an animated WebP is not taken; use an animated GIF or a still WebP");
  } else if (kind == "VP8L") {
    const auto signature = bytes.byte();
    const auto sides = bytes.little(4);
    if (signature != 0x2F) return damaged("WebP");
    info.width_px = (sides & 0x3FFF) + 1;
    info.height_px = ((sides >> 14) & 0x3FFF) + 1;
  } else if (kind == "VP8 ") {
    const bool key_frame = (bytes.little(3) & 1) == 0;
    const bool start = bytes.big(3) == 0x9D012A;
    if (!key_frame || !start) return damaged("WebP");
    info.width_px = bytes.little(2) & 0x3FFF;
    info.height_px = bytes.little(2) & 0x3FFF;
  } else {
    return damaged("WebP");
  }
  if (!bytes.ok() || riff < 12 || riff > size - 8) return damaged("WebP");
  return info;
}

Result<ImageInfo> read_any(std::string_view bytes) {
  constexpr std::string_view png("\x89PNG\r\n\x1a\n", 8);
  if (bytes.starts_with(png)) return read_png(Bytes(bytes));
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return read_gif(Bytes(bytes));
  if (bytes.starts_with("\xFF\xD8\xFF")) return read_jpeg(Bytes(bytes));
  if (bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP")
    return read_webp(Bytes(bytes), bytes.size());
  return Error(Code::invalid_argument, "image: this is no PNG, JPEG, GIF or WebP");
}

}  // namespace

Result<ImageInfo> read_image_header(std::string_view bytes) {
  if (bytes.empty()) return Error(Code::invalid_argument, "image: the file is empty");
  if (bytes.size() > limits::image_bytes)
    return Error(Code::invalid_argument, "image: the file has " + std::to_string(bytes.size()) + " bytes; at most " +
                                             std::to_string(limits::image_bytes) + " are allowed");
  TRY(auto info, read_any(bytes));
  const std::string sides = std::to_string(info.width_px) + " x " + std::to_string(info.height_px);
  if (info.width_px == 0 || info.height_px == 0)
    return Error(Code::invalid_argument, "image: it has no pixels (" + sides + ")");
  if (info.width_px > limits::image_side_pixels || info.height_px > limits::image_side_pixels)
    return Error(Code::invalid_argument, "image: it has " + sides + " pixels; at most " +
                                             std::to_string(limits::image_side_pixels) + " are allowed on a side");
  if (std::uint64_t{info.width_px} * info.height_px > limits::image_pixels)
    return Error(Code::invalid_argument, "image: it has " + sides + " pixels; at most " +
                                             std::to_string(limits::image_pixels) + " are allowed altogether");
  return info;
}

}  // namespace abc2::market
