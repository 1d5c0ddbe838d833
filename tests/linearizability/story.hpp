// A finding as it is told: what is impossible by itself, how far an order goes, and what has no place in it.
#pragma once
#include <string>

#include "checker.hpp"

namespace abc2::registers {

// `operations`: all of the document; `known`: what everybody knew when the misfit had ended.
std::string tell(const Finding& finding, const History& operations, const History& known);

}  // namespace abc2::registers
