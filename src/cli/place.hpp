// What operators' commands have in common: saying what went wrong, and asking a running server.
#pragma once
#include <boost/json/object.hpp>
#include <string>

#include "cli/commands.hpp"

namespace abc2::cli {

// One line on standard error.
void complain(const std::string& what);

// Complains, with what to do about it; the process's exit code.
int failed(const Error& error);

struct Told {
  int status = 0;
  boost::json::object body;
};

// What the server answered, as JSON. Errors: unauthenticated (there is no API key), unavailable, and what its problem
// document says.
Result<Told> ask(const Place& place, const std::string& method, const std::string& path, const std::string& body);

}  // namespace abc2::cli
