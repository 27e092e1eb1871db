// SPDX-License-Identifier: Apache-2.0
//
// What stress tests of the real daemon have in common: messages that a policy would refuse, the
// decisions that were logged, and the limits of a build with sanitizers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/base/text.h"
#include "test/milter/daemon_fixture.h"
#include "test/support/scenario_world.h"

namespace icm {

#ifdef ICM_SANITIZED
inline constexpr bool is_sanitized = true;  // memory is not what it is without; time is doubled
#else
inline constexpr bool is_sanitized = false;
#endif

class WireTest : public DaemonTest {
 protected:
  // Puts one address on the suppression list, before the daemon starts.
  void suppress(std::string_view address) const {
    Scenario scenario;
    scenario.entries.push_back({.line = 0,
                                .address = std::string(address),
                                .reason = "hard-bounce",
                                .expires = {},
                                .note = {}});
    const Status filled =
        fill_store(scenario, ScenarioFiles(directory_.path()), SystemClock().now());
    ASSERT_TRUE(filled) << filled.error().text;
  }

  // A client at the gate, past HELO.
  MilterClient gate(const MilterOffer& offer = {}) const {
    MilterClient client = connect(offer);
    client.define("{daemon_name}", "ICLOUD-GATE");
    EXPECT_TRUE(client.connect({}));
    EXPECT_TRUE(client.helo("localhost"));
    return client;
  }

  // Bulk mail without one-click unsubscription.
  static MilterMail newsletter(std::string_view queue_id) {
    MilterMail mail;
    mail.mail = {"<b-1@news.shop.example>"};
    mail.recipients = {{"<bob@icloud.com>"}};
    mail.fields = {
        {"From", " News <news@news.shop.example>"},
        {"To", " bob@icloud.com"},
        {"Date", " Sat, 21 Nov 2026 08:15:30 +0000"},
        {"Message-ID", fmt::format(" <{}@news.shop.example>", queue_id)},
        {"List-Unsubscribe", " <https://news.shop.example/u/1>, <mailto:u@news.shop.example>"}};
    mail.body = "Hello\r\n";
    mail.queue_id = queue_id;
    return mail;
  }

  // The logged decisions, in order.
  std::vector<nlohmann::json> decisions() const {
    std::vector<nlohmann::json> all;
    const std::string text = read("decisions.jsonl");
    for (const std::string_view line : split(text, '\n')) {
      if (line.empty()) continue;
      all.push_back(nlohmann::json::parse(line, nullptr, false));
      EXPECT_FALSE(all.back().is_discarded()) << line;
    }
    return all;
  }

  // How many decisions about messages there are for each queue id.
  std::map<std::string, int> messages_by_queue_id() const {
    std::map<std::string, int> count;
    for (const nlohmann::json& decision : decisions()) {
      if (decision.value("event", "") == "message") ++count[decision.value("queue_id", "")];
    }
    return count;
  }
};

}  // namespace icm
