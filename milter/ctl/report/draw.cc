// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/draw.h"

#include <algorithm>

#include <fmt/format.h>

namespace icm::ctl::report {
namespace {

constexpr double width = 480;
constexpr double height = 60;
constexpr double bar_width = 400;
constexpr double bar_height = 8;
constexpr double least_seen = 1;  // what is not nothing is not drawn as nothing

double share(std::uint64_t value, std::uint64_t most, double whole) {
  if (value == 0 || most == 0) return 0;
  const double exact =
      whole * static_cast<double>(std::min(value, most)) / static_cast<double>(most);
  return std::max(exact, least_seen);
}

std::uint64_t most_of(const std::vector<std::uint64_t>& values) {
  return values.empty() ? 0 : *std::ranges::max_element(values);
}

// One path for all columns: a file of a month has forty of them, five times.
std::string columns_path(const std::vector<std::uint64_t>& values, std::uint64_t most) {
  const double step = width / static_cast<double>(values.size());
  const double gap = std::min(2.0, step / 5);
  std::string path;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double tall = share(values[i], most, height);
    if (tall == 0) continue;
    path += fmt::format("M{:.1f} {:.1f}v-{:.1f}h{:.1f}v{:.1f}z",
                        step * static_cast<double>(i) + gap / 2, height, tall, step - gap, tall);
  }
  return path;
}

// A line with a step at each column's edge.
std::string line_path(const std::vector<std::uint64_t>& values, std::uint64_t most) {
  const double step = width / static_cast<double>(values.size());
  std::string path;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double y = height - share(values[i], most, height);
    path +=
        fmt::format("{}{:.1f}H{:.1f}", i == 0 ? "M0 " : "V", y, step * static_cast<double>(i + 1));
  }
  return path;
}

}  // namespace

std::string draw(const Columns& columns) {
  const std::uint64_t most = std::max(most_of(columns.now), most_of(columns.before));
  std::string svg = fmt::format(
      "<svg role=\"img\" aria-labelledby=\"{0}-t {0}-d\" viewBox=\"0 0 {1} {2}\" "
      "preserveAspectRatio=\"none\"><title id=\"{0}-t\">{3}</title><desc id=\"{0}-d\">{4}</desc>",
      columns.id, width, height, columns.title, columns.words);
  if (!columns.now.empty()) {
    svg += fmt::format("<path class=\"now\" d=\"{}\"/>", columns_path(columns.now, most));
  }
  if (most_of(columns.before) > 0) {
    svg += fmt::format("<path class=\"before\" d=\"{}\"/>", line_path(columns.before, most));
  }
  return svg + "</svg>";
}

std::string draw_bar(const std::vector<BarPart>& parts, std::uint64_t most) {
  std::string svg = fmt::format(
      "<svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\">",
      bar_width, bar_height);
  double x = 0;
  for (const BarPart& part : parts) {
    const double wide = std::min(share(part.value, most, bar_width), bar_width - x);
    if (wide <= 0) continue;
    svg += fmt::format("<rect class=\"{}\" x=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\"/>",
                       part.tone, x, wide, bar_height);
    x += wide;
  }
  return svg + "</svg>";
}

}  // namespace icm::ctl::report
