#include "http/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace abc2::http {

namespace {

bool plain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
}

void append_quoted(std::string& out, std::string_view value) {
  out += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), "\\x%02x", byte);
      out += hex.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

// %v, but what does not come from log_line() becomes the value of `msg`.
class Message final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    std::string line;
    if (text.starts_with("event=")) {
      line = text;
    } else {
      line = "msg=";
      append_quoted(line, text);
    }
    out.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<Message>();
  }
};

}  // namespace

std::string log_line(std::string_view event, std::initializer_list<LogField> fields) {
  std::string line = "event=";
  line += event;
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    if (plain(value)) {
      line += value;
    } else {
      append_quoted(line, value);
    }
  }
  return line;
}

void log_info(std::string_view event, std::initializer_list<LogField> fields) {
  if (spdlog::should_log(spdlog::level::info)) spdlog::info("{}", log_line(event, fields));
}
void log_warning(std::string_view event, std::initializer_list<LogField> fields) {
  if (spdlog::should_log(spdlog::level::warn)) spdlog::warn("{}", log_line(event, fields));
}
void log_error(std::string_view event, std::initializer_list<LogField> fields) {
  if (spdlog::should_log(spdlog::level::err)) spdlog::error("{}", log_line(event, fields));
}

bool set_up_log(const std::string& level) {
  const auto known = spdlog::level::from_str(level);
  if (known == spdlog::level::off && level != "off") return false;
  auto logger = std::make_shared<spdlog::logger>("abc2", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<Message>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ level=%l %*");
  logger->set_formatter(std::move(formatter));
  logger->set_level(known);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  return true;
}

}  // namespace abc2::http
