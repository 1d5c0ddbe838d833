// For tests: real images, made by the library that decodes them.
#pragma once
#include <gd.h>

#include <memory>
#include <string>
#include <string_view>

namespace abc2::market::testing {

inline std::string taken(void* data, int size) {
  std::string bytes(static_cast<const char*>(data), static_cast<std::size_t>(size));
  gdFree(data);
  return bytes;
}

// A picture with something in every pixel. `format`: png, gif, jpeg, progressive (a JPEG), webp, animated (a GIF of
// two pictures).
inline std::string make_image(std::string_view format, int width = 40, int height = 30, unsigned variant = 0) {
  const std::unique_ptr<gdImage, void (*)(gdImage*)> image(gdImageCreateTrueColor(width, height), gdImageDestroy);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const unsigned colour = (static_cast<unsigned>(y * width + x) + variant) * 2654435761u & 0xffffffu;
      gdImageSetPixel(image.get(), x, y, static_cast<int>(colour));
    }
  int size = 0;
  if (format == "png") return taken(gdImagePngPtr(image.get(), &size), size);
  if (format == "gif") return taken(gdImageGifPtr(image.get(), &size), size);
  if (format == "webp") return taken(gdImageWebpPtr(image.get(), &size), size);
  if (format == "animated") {
    gdImageTrueColorToPalette(image.get(), 0, 64);
    std::string all = taken(gdImageGifAnimBeginPtr(image.get(), &size, 1, 0), size);
    for (int picture = 0; picture < 2; ++picture)
      all += taken(gdImageGifAnimAddPtr(image.get(), &size, 1, 0, 0, 10, 1, nullptr), size);
    return all + ";";
  }
  if (format == "progressive") gdImageInterlace(image.get(), 1);
  return taken(gdImageJpegPtr(image.get(), &size, 80), size);
}

}  // namespace abc2::market::testing
