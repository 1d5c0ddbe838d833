// What the end of a statement says of the write in it. Pure functions.
#pragma once
#include <cstdint>
#include <string_view>

namespace abc2::engines::postgres {

enum class WriteFate : std::uint8_t {
  not_written,  // for certain, and it never will be
  unknown,
};

// Of a statement that ended with that SQLSTATE (PostgreSQL 15 manual, appendix A). Only those are not written of which
// the server says that it rolled back, or that it refused before it began; whatever is new to us is unknown.
WriteFate fate_of_failure(std::string_view sqlstate);

}  // namespace abc2::engines::postgres
