// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/report/draw.h"

#include <gtest/gtest.h>

namespace icm::ctl::report {
namespace {

TEST(DrawColumns, are_a_path_each_with_the_span_before_as_a_line) {
  EXPECT_EQ(draw({.id = "v0",
                  .title = "Mail",
                  .words = "Most: 4.",
                  .now = {1, 4, 0, 2},
                  .before = {2, 2, 0, 8}}),
            "<svg role=\"img\" aria-labelledby=\"v0-t v0-d\" viewBox=\"0 0 480 60\" "
            "preserveAspectRatio=\"none\"><title id=\"v0-t\">Mail</title>"
            "<desc id=\"v0-d\">Most: 4.</desc>"
            "<path class=\"now\" d=\"M1.0 60.0v-7.5h118.0v7.5zM121.0 60.0v-30.0h118.0v30.0z"
            "M361.0 60.0v-15.0h118.0v15.0z\"/>"
            "<path class=\"before\" d=\"M0 45.0H120.0V45.0H240.0V60.0H360.0V0.0H480.0\"/></svg>");
}

TEST(DrawColumns, of_nothing_are_a_title_alone) {
  const std::string svg = draw({.id = "v0", .title = "Mail", .words = "", .now = {}, .before = {}});
  EXPECT_EQ(svg.find("<path"), std::string::npos);
  EXPECT_NE(svg.find("<title id=\"v0-t\">Mail</title>"), std::string::npos);
}

TEST(DrawColumns, show_what_is_not_nothing_and_stay_within_the_chart) {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  const std::string svg =
      draw({.id = "v", .title = "", .words = "", .now = {1, most}, .before = {}});
  EXPECT_NE(svg.find("M1.0 60.0v-1.0h238.0v1.0z"), std::string::npos) << svg;
  EXPECT_NE(svg.find("M241.0 60.0v-60.0h238.0v60.0z"), std::string::npos) << svg;
}

TEST(DrawBar, has_its_parts_side_by_side) {
  EXPECT_EQ(draw_bar({{"refused", 10}, {"would", 30}}, 80),
            "<svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 0 400 8\" "
            "preserveAspectRatio=\"none\">"
            "<rect class=\"refused\" x=\"0.0\" width=\"50.0\" height=\"8\"/>"
            "<rect class=\"would\" x=\"50.0\" width=\"150.0\" height=\"8\"/></svg>");
}

TEST(DrawBar, never_leaves_its_place) {
  EXPECT_EQ(draw_bar({{"a", 90}, {"b", 90}}, 90).find("class=\"b\""), std::string::npos);
  EXPECT_EQ(draw_bar({{"a", 5}}, 0).find("<rect"), std::string::npos);
}

}  // namespace
}  // namespace icm::ctl::report
