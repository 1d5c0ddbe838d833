#include "http/message.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace abc2::http {

namespace {

constexpr char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::del: return "DELETE";
    case Method::options: return "OPTIONS";
    case Method::other: return "other";
  }
  return "other";
}

Method method_from(std::string_view name) {
  for (const auto method :
       {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::del, Method::options}) {
    if (name == to_string(method)) return method;
  }
  return Method::other;
}

bool same_name(std::string_view name, std::string_view lower) {
  return name.size() == lower.size() &&
         std::equal(name.begin(), name.end(), lower.begin(), [](char a, char b) { return lowered(a) == b; });
}

std::string_view RequestView::header(std::string_view lower) const {
  for (const auto& field : fields) {
    if (same_name(field.name, lower)) return field.value;
  }
  return {};
}

std::string_view Request::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view Request::header(std::string_view lower) const {
  for (const auto& [name, value] : headers) {
    if (name == lower) return value;
  }
  return {};
}

const std::string& Request::param(std::string_view name) const {
  const auto found = std::find_if(params.begin(), params.end(), [&](const auto& param) { return param.first == name; });
  ABC2_CHECK(found != params.end(), "a handler asked for a parameter that its route does not have");
  return found->second;
}

void Response::set(std::string_view name, std::string value) {
  for (auto& field : headers) {
    if (field.first.size() == name.size() && std::equal(name.begin(), name.end(), field.first.begin(),
                                                        [](char a, char b) { return lowered(a) == lowered(b); })) {
      field.second = std::move(value);
      return;
    }
  }
  headers.emplace_back(name, std::move(value));
}

std::string_view Response::header(std::string_view lower) const {
  for (const auto& [name, value] : headers) {
    if (same_name(name, lower)) return value;
  }
  return {};
}

}  // namespace abc2::http
