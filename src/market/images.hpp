// Images: whether some bytes are a PNG, JPEG, GIF or WebP that a browser can show, found out by really decoding them.
//
//   PooledImageChecker checker(pool);
//   auto info = co_await checker.check(std::make_shared<const std::string>(std::move(body)));
//   if (!info) ...   // invalid_argument: "the PNG is damaged or cut off"
//
// The dimensions are read by a parser of our own and held against the limits before anything is decoded, so that a
// small file cannot ask for much memory. Of an animation the first picture is decoded.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/worker_pool.hpp"

namespace abc2::market {

struct ImageInfo {
  std::string media_type;  // "image/png", "image/jpeg", "image/gif", "image/webp"
  std::uint32_t width_px = 0, height_px = 0;
  friend bool operator==(const ImageInfo&, const ImageInfo&) = default;
};

// What the headers say, within the limits on bytes, sides and pixels. Pure.
// Errors: invalid_argument with the reason: empty, too large, an unknown format, damaged, an animated WebP (which no
// decoder here reads), more scans than a picture needs.
Result<ImageInfo> read_image_header(std::string_view bytes);

// As read_image_header, and then decodes the image and holds it against its headers. Takes the processor for up to a
// few hundred milliseconds and limits::image_pixels * 4 bytes twice. Thread-safe.
// Errors: invalid_argument with the reason.
Result<ImageInfo> decode_image(std::string_view bytes);

// Thread-safe.
class ImageChecker {
 public:
  virtual ~ImageChecker() = default;
  // As decode_image, without keeping the event loop. Errors: invalid_argument, too_busy, unavailable.
  [[nodiscard]] virtual Task<Result<ImageInfo>> check(std::shared_ptr<const std::string> bytes) = 0;
};

// On a pool of threads, which is borrowed.
class PooledImageChecker final : public ImageChecker {
 public:
  explicit PooledImageChecker(runtime::WorkerPool& pool) : pool_(pool) {}
  Task<Result<ImageInfo>> check(std::shared_ptr<const std::string> bytes) override;

 private:
  runtime::WorkerPool& pool_;
};

}  // namespace abc2::market
