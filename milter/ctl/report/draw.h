// SPDX-License-Identifier: Apache-2.0
//
// Charts as inline SVG. Their shapes alone: words stand beside them in HTML, where they neither
// stretch nor overlap; colours come from the page's style by class.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace icm::ctl::report {

// Columns of one series, and the span before as a line in front of them where there is one.
struct Columns {
  std::string id;     // of the page, [a-z0-9-]
  std::string title;  // HTML; what the chart shows
  std::string words;  // HTML; what can be seen in it
  std::vector<std::uint64_t> now;
  std::vector<std::uint64_t> before;  // empty, or as many as `now`
};
std::string draw(const Columns& columns);

// A bar of parts side by side, as long as `most` allows. It repeats numbers that stand beside it,
// so that it is hidden from those who cannot see it.
struct BarPart {
  std::string_view tone;  // a class of the page's style
  std::uint64_t value = 0;
};
std::string draw_bar(const std::vector<BarPart>& parts, std::uint64_t most);

}  // namespace icm::ctl::report
