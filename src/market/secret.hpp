// Secret: a password or a token that is wiped from memory when it is done with. It lives in one place on the heap:
// moving it leaves no copy behind, and copying it is written out.
//
//   Secret password(std::move(body.password));   // wipes body.password
//   co_await accounts.login(user, std::move(password), label);
//
// Plain data: one owner at a time.
#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace abc2::market {

class Secret {
 public:
  Secret() = default;
  // Takes the text and wipes it where it came from.
  explicit Secret(std::string&& text);
  // Leaves the text where it is: for secrets that lie elsewhere anyway.
  static Secret of(std::string_view text);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] Secret copy() const { return of(view()); }
  [[nodiscard]] std::string_view view() const { return {text_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void wipe();

  std::unique_ptr<char[]> text_;
  std::size_t size_ = 0;
};

}  // namespace abc2::market
