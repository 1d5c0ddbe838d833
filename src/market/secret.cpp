#include "market/secret.hpp"

#include <sodium.h>

#include <cstring>
#include <utility>

namespace abc2::market {

Secret::Secret(std::string&& text) : Secret(of(text)) {
  // To the end of its memory: a shorter text may have been put where a longer one was.
  text.resize(text.capacity());
  sodium_memzero(text.data(), text.size());
  text.clear();
}

Secret Secret::of(std::string_view text) {
  Secret secret;
  secret.text_ = std::make_unique<char[]>(text.size());
  secret.size_ = text.size();
  if (!text.empty()) std::memcpy(secret.text_.get(), text.data(), text.size());
  return secret;
}

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() {
  if (text_) sodium_memzero(text_.get(), size_);
}

}  // namespace abc2::market
