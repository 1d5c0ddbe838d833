// ImageLibrary: the images of ads and fallbacks, by the SHA-256 of their bytes. An image never changes, so that who
// has it may keep it for ever; the same image of two users is one document.
//
// Thread-safe; what is given to the constructor is borrowed.
#pragma once
#include "market/documents.hpp"
#include "market/images.hpp"

namespace abc2::market {

struct StoredImage {
  std::string sha256;
  ImageInfo info;
};
struct LoadedImage {
  ImageInfo info;
  std::string bytes;
};

class ImageLibrary {
 public:
  ImageLibrary(store::Store& store, ImageChecker& checker) : store_(store), checker_(checker) {}

  // Checks the image by decoding it and adds it, unless it is there. May be repeated.
  // Errors: invalid_argument (see decode_image), too_busy, undecided, the store's.
  Task<Result<StoredImage>> add(std::string bytes);

  // Errors: not_found (also for what is no SHA-256), corrupt, the store's.
  Task<Result<LoadedImage>> load(std::string sha256);

  // Whether it is there. Errors: invalid_argument (no SHA-256), the store's.
  Task<Result<bool>> has(std::string sha256);

 private:
  store::Store& store_;
  ImageChecker& checker_;
};

}  // namespace abc2::market
