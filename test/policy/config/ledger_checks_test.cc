// SPDX-License-Identifier: Apache-2.0
//
// The consent and inactive sections: what contradicts itself, and what would silently do nothing.
#include "policy/config/ledger_checks.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

using Texts = std::vector<std::string>;

Texts findings(const Config& config) {
  Texts texts;
  for (const CheckFinding& finding : check_ledger(config, ConfigPlaces())) {
    const bool is_error = finding.severity == ConfigProblem::Severity::error;
    texts.push_back((is_error ? "error: " : "warning: ") + finding.text);
  }
  return texts;
}

Config with_streams() {
  Config config;
  config.consent.mode = Mode::observe;
  config.inactive.mode = Mode::observe;
  config.streams.resize(2);
  config.streams[0].name = "news";
  config.streams[1].name = "orders";
  config.streams[1].kind = StreamKind::transactional;
  return config;
}

TEST(LedgerChecks, say_nothing_of_what_is_sound) {
  EXPECT_EQ(findings(Config()), Texts());
  Config config = with_streams();
  config.consent.streams = {"news"};
  config.streams[0].inactive_after = std::chrono::hours{24 * 60};
  EXPECT_EQ(findings(config), Texts());
}

TEST(LedgerChecks, refuse_streams_that_nobody_subscribes_to) {
  Config config = with_streams();
  config.consent.streams = {"news", "orders", "nws"};
  EXPECT_EQ(
      findings(config),
      (Texts{"error: consent.streams: \"orders\" is a transactional stream, and people do not "
             "subscribe to these",
             "error: consent.streams: expected names of declared streams (streams), got "
             "\"nws\""}));
}

TEST(LedgerChecks, take_every_store) {
  Config config = with_streams();
  config.store.kind = StoreKind::redis;
  EXPECT_EQ(findings(config), Texts());
}

TEST(LedgerChecks, refuse_origins_that_no_recipient_has_at_rcpt) {
  Config config = with_streams();
  config.inactive.origins = {Origin::submission};
  EXPECT_EQ(findings(config),
            (Texts{"error: inactive.origins: expected unknown among them, since recipients are "
                   "judged before the origin is known"}));
}

TEST(LedgerChecks, warn_of_a_span_that_does_nothing) {
  Config config = with_streams();
  config.streams[1].inactive_after = std::chrono::hours{24};
  EXPECT_EQ(
      findings(config),
      Texts{"warning: streams[2].inactive_after: has no effect: the stream is transactional"});
  config.streams[1].inactive_after = {};
  config.streams[0].inactive_after = std::chrono::hours{24};
  config.inactive.mode = Mode::off;
  EXPECT_EQ(findings(config),
            Texts{"warning: streams[1].inactive_after: has no effect: inactive.mode is off"});
}

}  // namespace
}  // namespace icm
