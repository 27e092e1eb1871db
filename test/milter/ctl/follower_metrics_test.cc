// SPDX-License-Identifier: Apache-2.0
//
// The follower's page, by Prometheus's own parser; the follower itself is in test/report.
#include "milter/ctl/follower_metrics.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

using namespace std::chrono_literals;

bool has_line(const std::string& text, std::string_view line) {
  return ("\n" + text).find(fmt::format("\n{}\n", line)) != std::string::npos;
}

std::string page_of(const FollowerFigures& figures) {
  return follower_metrics_text(figures, figures.at_end + 1500ms, {});
}

TEST(FollowerMetrics, have_each_series_from_the_start) {
  const std::string text = page_of({});
  for (const std::string_view word : reply_spellings<ReplyClass>()) {
    for (const std::string_view code : {"2xx", "4xx", "5xx", "none"}) {
      EXPECT_TRUE(has_line(
          text,
          fmt::format(R"(icloud_milter_replies_total{{class="{}",code="{}"}} 0)", word, code)))
          << word << code;
    }
  }
  for (const std::string_view line :
       {R"(icloud_milter_replies_deliveries_total{status="expired"} 0)",
        R"(icloud_milter_replies_actions_total{action="suppress",mode="enforce"} 0)",
        R"(icloud_milter_replies_actions_total{action="end",mode="observe"} 0)",
        R"(icloud_milter_replies_alerts_total{kind="breaker"} 0)",
        "icloud_milter_replies_breaker_open 0",
        R"(icloud_milter_replies_lines_total{kind="unreadable"} 0)",
        "icloud_milter_replies_log_behind_seconds 1.5",
        R"(icloud_milter_replies_mode{mode="observe"} 1)",
        R"(icloud_milter_replies_mode{mode="enforce"} 0)",
        R"(icloud_milter_replies_build_info{version=")" ICM_VERSION R"("} 1)"}) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
  EXPECT_EQ(text.find("icloud_milter_replies_log_behind_bytes"), std::string::npos);
}

TEST(FollowerMetrics, say_what_was_learnt) {
  FollowerFigures figures;
  figures.learnt.answers[{ReplyClass::content, 5}] = 7;
  figures.learnt.begun[ReplyEffect::pause] = {.enforced = 2, .observed = 3};
  figures.learnt.ended.enforced = 4;
  figures.learnt.is_breaker_open = true;
  figures.learnt.nearest = {.addresses = 12, .threshold = 30};
  figures.deliveries[DeliveryStatus::bounced] = 5;
  figures.lines.strangers = 6;
  figures.left = 4096;
  figures.mode = Mode::enforce;
  const std::string text = page_of(figures);
  for (const std::string_view line :
       {R"(icloud_milter_replies_total{class="content",code="5xx"} 7)",
        R"(icloud_milter_replies_actions_total{action="pause",mode="enforce"} 2)",
        R"(icloud_milter_replies_actions_total{action="pause",mode="observe"} 3)",
        R"(icloud_milter_replies_actions_total{action="end",mode="enforce"} 4)",
        "icloud_milter_replies_breaker_open 1", "icloud_milter_replies_breaker_addresses 12",
        "icloud_milter_replies_breaker_threshold_addresses 30",
        R"(icloud_milter_replies_deliveries_total{status="bounced"} 5)",
        R"(icloud_milter_replies_lines_total{kind="stranger"} 6)",
        "icloud_milter_replies_log_behind_bytes 4096",
        R"(icloud_milter_replies_mode{mode="enforce"} 1)"}) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(FollowerMetrics, are_without_fault_for_promtool) {
  const TemporaryDirectory directory;
  FollowerFigures figures;
  figures.left = 1;
  const std::string page = directory.write("page", page_of(figures)).string();
  const std::string command = fmt::format("promtool check metrics < {0} > {0}.said 2>&1", page);
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(std::filesystem::is_empty(page + ".said"));
}

}  // namespace
}  // namespace icm::ctl
