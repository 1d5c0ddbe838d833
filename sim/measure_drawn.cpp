// The curve of measure.hpp as a picture: both axes by powers of ten.
#include <cmath>
#include <sstream>

#include "sim/measure.hpp"

namespace abc2::sim {
namespace {

constexpr double kLeft = 70, kRight = 560, kTop = 40, kBottom = 300;
constexpr double kMostCalls = 100'000;

double down(double calls) {
  return kBottom - (kBottom - kTop) * std::log10(std::max(1.0, calls)) / std::log10(kMostCalls);
}

std::string with_commas(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

}  // namespace

std::string drawn(const std::vector<RecoveryCost>& costs) {
  std::ostringstream out;
  out << R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 350" font-family="sans-serif" font-size="12">)"
      << "\n<rect width=\"720\" height=\"350\" fill=\"#ffffff\"/>\n"
      << R"(<text x="70" y="22" font-size="14">Store calls a second, by the number of campaigns; 20 of them in use</text>)"
      << "\n";
  for (double calls = 1; calls <= kMostCalls; calls *= 10) {
    out << "<line x1=\"" << kLeft << "\" x2=\"" << kRight << "\" y1=\"" << down(calls) << "\" y2=\"" << down(calls)
        << "\" stroke=\"#dddddd\"/><text x=\"" << kLeft - 8 << "\" y=\"" << down(calls) + 4 << "\" text-anchor=\"end\">"
        << with_commas(static_cast<std::uint64_t>(calls)) << "</text>\n";
  }
  const auto across = [&](std::size_t i) {
    return kLeft +
           (kRight - kLeft) * static_cast<double>(i) / std::max<double>(1, static_cast<double>(costs.size()) - 1);
  };
  for (std::size_t i = 0; i < costs.size(); ++i)
    out << "<text x=\"" << across(i) << "\" y=\"" << kBottom + 20 << "\" text-anchor=\"middle\">"
        << with_commas(costs[i].campaigns) << "</text>\n";
  out << "<text x=\"" << (kLeft + kRight) / 2 << "\" y=\"" << kBottom + 42
      << "\" text-anchor=\"middle\">campaigns</text>\n";

  const struct {
    const char *name, *color;
    double RecoveryCost::* calls;
  } lines[] = {{"sweep (rate-limited)", "#b06000", &RecoveryCost::sweep},
               {"purchases", "#3060a0", &RecoveryCost::purchases},
               {"recoverer", "#a02040", &RecoveryCost::recoverer}};
  for (const auto& line : lines) {
    out << "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" << line.color << "\" points=\"";
    for (std::size_t i = 0; i < costs.size(); ++i) out << across(i) << "," << down(costs[i].*line.calls) << " ";
    out << "\"/>\n";
    if (costs.empty()) continue;
    for (std::size_t i = 0; i < costs.size(); ++i)
      out << "<circle r=\"3\" fill=\"" << line.color << "\" cx=\"" << across(i) << "\" cy=\""
          << down(costs[i].*line.calls) << "\"/>\n";
    out << "<text x=\"" << kRight + 12 << "\" y=\"" << down(costs.back().*line.calls) + 4 << "\" fill=\"" << line.color
        << "\">" << line.name << "</text>\n";
  }
  out << "</svg>\n";
  return out.str();
}

}  // namespace abc2::sim
