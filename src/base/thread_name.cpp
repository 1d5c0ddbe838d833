#include "base/thread_name.hpp"

#include <pthread.h>

#include <cstring>

#include "base/check.hpp"

namespace abc2 {

void name_thread(const char* name) {
  ABC2_CHECK(std::strlen(name) <= 15, "the system takes no longer names of threads");
#if defined(__linux__)
  pthread_setname_np(pthread_self(), name);
#endif
}

}  // namespace abc2
