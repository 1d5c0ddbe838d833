// How a scan becomes ranges of etcd's keys. Pure functions.
#pragma once
#include <cstddef>
#include <string>

namespace abc2::engines::etcd {

// The least key that is greater than every key with this prefix. The prefix of all our keys ends in '/', so there is
// one.
std::string end_of_prefix(std::string prefix);

// How many documents to ask for next, when so many of `wanted` have come, with so many bytes: etcd counts a whole range
// for each question, so few questions are better, but an answer should not be much longer than a few MiB.
std::size_t next_piece(std::size_t wanted, std::size_t have, std::size_t bytes);

}  // namespace abc2::engines::etcd
