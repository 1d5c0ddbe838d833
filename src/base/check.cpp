#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace abc2 {

void check_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "abc2: %s (%s) at %s:%d\n", why, condition, file, line);
  std::abort();
}

}  // namespace abc2
