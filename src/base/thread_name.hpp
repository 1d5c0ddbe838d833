// What a thread is called, for whoever looks at a process with top -H, gdb or perf.
#pragma once

namespace abc2 {

// Names the calling thread; at most 15 characters. Without effect where the system has no such names.
void name_thread(const char* name);

}  // namespace abc2
