// SPDX-License-Identifier: Apache-2.0
//
// SessionTest: a site with one suppressed address, and a session of its mail server.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "milter/session.h"
#include "test/support/memory_suppression_list.h"
#include "test/support/print_answer.h"
#include "test/support/recording_log.h"
#include "test/support/recording_mta.h"

namespace icm {

using Changes = std::vector<std::string>;

inline constexpr std::string_view honest = R"(From: Shop <shop@ours.example>
To: bob@icloud.com
Subject: Your order
Date: Sat, 21 Nov 2026 08:00:00 +0000
Message-ID: <1@ours.example>
)";

inline constexpr std::string_view bulk_without_one_click = R"(From: Shop <shop@ours.example>
To: bob@icloud.com
Subject: News
Date: Sat, 21 Nov 2026 08:00:00 +0000
Message-ID: <2@ours.example>
List-Unsubscribe: <https://ours.example/u/1>, <mailto:u@ours.example>
)";

inline const Answer go_on{};
inline const Answer let_go{.kind = Answer::Kind::let_go, .reply = {}};

inline Answer refuse(int code, std::string enhanced, std::string text) {
  return {.kind = Answer::Kind::refuse,
          .reply = {.code = code, .enhanced = std::move(enhanced), .text = std::move(text)}};
}

inline const Answer not_seen =
    refuse(451, "4.3.0", "The beginning of this message was not seen; try again later");

inline Suppression suppressed(std::string address) {
  Suppression entry;
  entry.address = std::move(address);
  entry.scope = "global";
  entry.reason = SuppressionReason::manual;
  entry.source = "cli";
  entry.created = *parse_time("2026-11-01");
  return entry;
}

inline const Answer bob_is_suppressed =
    refuse(550, "5.7.1",
           "suppression.manual: suppressed by the administrator on 2026-11-01, source cli; do not "
           "send to it again; the administrator may ask icloud-milterctl suppress show "
           "bob@icloud.com");

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    config_.arrival.authserv_id = "mx.ours.example";
    config_.arrival.authenticate = false;
    config_.roles.direct = {"DIRECT"};
    config_.suppression.mode = Mode::enforce;
    config_.list_unsubscribe.mode = Mode::off;
    config_.format.mode = Mode::off;
  }

  // The configuration as it stands becomes the world in use.
  void build(std::vector<Suppression> entries = {suppressed("bob@icloud.com")},
             std::optional<Error> store_error = {}) {
    auto list = std::make_unique<MemorySuppressionList>(std::move(entries));
    list->error = std::move(store_error);
    auto world = World::over(config_, std::move(list));
    world_.with([&](std::shared_ptr<const World>& current) { current = world; });
  }

  void connect(std::string_view daemon_name, std::string_view client = "198.51.100.7",
               int port = 40000) {
    session_.connect({.name = "client.example", .address = *IpAddress::parse(client), .port = port},
                     daemon_name);
    session_.helo("client.example");
  }

  void mail(std::string_view from = "<shop@ours.example>", std::string_view login = {}) {
    const std::string_view arguments[] = {from, "SIZE=1000"};
    session_.mail(arguments, login);
  }

  Answer rcpt(std::string_view to, std::string_view parameter = "NOTIFY=NEVER") {
    const std::string_view arguments[] = {to, parameter};
    return session_.rcpt(arguments, {});
  }

  // Everything from DATA on, its header and a short body; `header` has LF line ends.
  Answer send(std::string_view header) {
    if (const Answer answer = session_.data("4XYZ"); answer != go_on) return answer;
    while (!header.empty()) {
      const std::string_view line = header.substr(0, header.find('\n'));
      const std::size_t colon = line.find(':');
      session_.header(line.substr(0, colon), line.substr(colon + 1));
      header.remove_prefix(line.size() + 1);
    }
    session_.end_of_header();
    session_.body("Hello\r\n");
    return session_.end_of_message("4XYZ", mta_);
  }

  Config config_;
  CurrentWorld world_;
  RecordingLog log_;
  RecordingMta mta_;
  FixedClock clock_{*parse_time("2026-11-21T08:15:30Z")};
  Slots slots_{4};
  Session session_{SessionContext{world_, log_, clock_, slots_}};
};

}  // namespace icm
