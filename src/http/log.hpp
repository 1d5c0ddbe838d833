// One line a happening, as key=value pairs, through spdlog:
//
//   log_info("listening", {{"address", "127.0.0.1"}, {"port", "8080"}});
//   2026-01-02T03:04:05.678Z level=info event=listening address=127.0.0.1 port=8080
//
// Values that are not plain words are quoted and escaped, so that nothing that a client sends can look like another
// field or another line. Never hand over a password, a session, a key, or a header, query or body as it came.
// Thread-safe.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace abc2::http {

struct LogField {
  std::string_view name;
  std::string value;
};

void log_info(std::string_view event, std::initializer_list<LogField> fields);
void log_warning(std::string_view event, std::initializer_list<LogField> fields);
void log_error(std::string_view event, std::initializer_list<LogField> fields);

// Lets spdlog's default logger write such lines to standard error, and plain sentences of other parts of the program as
// `msg="..."`. `level` is one of spdlog's names: debug, info, warning, error, off. Returns whether it knows the name.
bool set_up_log(const std::string& level);

// "event=x a=1 b=\"two words\""
std::string log_line(std::string_view event, std::initializer_list<LogField> fields);

}  // namespace abc2::http
