#include "market/images.hpp"

#include <gd.h>

#include <mutex>

#include "market/png_chunks.hpp"

namespace abc2::market {
namespace {

struct Destroy {
  void operator()(gdImage* image) const { gdImageDestroy(image); }
};
using Decoded = std::unique_ptr<gdImage, Destroy>;

// libgd writes what it does not like to standard error, where it would stand as a line of ours.
void be_silent(int /*priority*/, const char* /*format*/, va_list /*arguments*/) {}

Decoded decode(const std::string& media_type, std::string_view bytes) {
  static std::once_flag silenced;
  std::call_once(silenced, [] { gdSetErrorMethod(be_silent); });
  const int size = static_cast<int>(bytes.size());
  void* data = const_cast<char*>(bytes.data());  // libgd only reads it
  if (media_type == "image/png") return Decoded(gdImageCreateFromPngPtr(size, data));
  if (media_type == "image/gif") return Decoded(gdImageCreateFromGifPtr(size, data));
  if (media_type == "image/webp") return Decoded(gdImageCreateFromWebpPtr(size, data));
  constexpr int kWarningsAreErrors = 0;
  return Decoded(gdImageCreateFromJpegPtrEx(size, data, kWarningsAreErrors));
}

}  // namespace

Result<ImageInfo> decode_image(std::string_view bytes) {
  TRY(auto info, read_image_header(bytes));
  std::string essential;
  if (info.media_type == "image/png") {
    TRY(essential, essential_png(bytes));
    bytes = essential;
  }
  const Decoded image = decode(info.media_type, bytes);
  const std::string format = info.media_type.substr(info.media_type.find('/') + 1);
  if (!image) return Error(Code::invalid_argument, "image: the " + format + " cannot be decoded; it is damaged");
  const auto width = static_cast<std::uint32_t>(gdImageSX(image.get()));
  const auto height = static_cast<std::uint32_t>(gdImageSY(image.get()));
  // The first picture of a GIF may be smaller than what it is shown in.
  const bool fits = info.media_type == "image/gif" ? width <= info.width_px && height <= info.height_px
                                                   : width == info.width_px && height == info.height_px;
  if (!fits)
    return Error(Code::invalid_argument, "image: the " + format + " is another size than it says; it is damaged");
  return info;
}

Task<Result<ImageInfo>> PooledImageChecker::check(std::shared_ptr<const std::string> bytes) {
  auto checked = co_await pool_.run([bytes = std::move(bytes)] { return decode_image(*bytes); });
  co_return checked;
}

}  // namespace abc2::market
