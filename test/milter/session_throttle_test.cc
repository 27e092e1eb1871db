// SPDX-License-Identifier: Apache-2.0
//
// What the limits on mail to Apple do to a message on its way through a session.
#include "test/milter/session_fixture.h"

namespace icm {
namespace {

constexpr std::string_view offers = R"(From: Shop <shop@ours.example>
To: bob@icloud.com
Subject: An offer
Date: Sat, 21 Nov 2026 08:00:00 +0000
Message-ID: <3@ours.example>
X-Stream: offers
)";

class SessionThrottleTest : public SessionTest {
 protected:
  SessionThrottleTest() {
    config_.roles.gate = {"GATE"};
    config_.throttle.mode = Mode::enforce;
    StreamConfig stream;
    stream.name = "offers";
    stream.header = "X-Stream: offers";
    stream.kind = StreamKind::transactional;
    config_.streams = {stream};
  }
  void limit(std::vector<std::string> streams, int at_most) {
    ThrottleLimitConfig one;
    one.name = "brief";
    one.streams = std::move(streams);
    one.at_most = at_most;
    config_.throttle.limits = {one};
    count();
  }
  void count() {
    auto world =
        World::over(config_, std::make_unique<MemorySuppressionList>(std::vector<Suppression>{}),
                    nullptr, {}, World::Host::ours, ThrottleMeans::in_memory(clock_.now()));
    world_.with([&](std::shared_ptr<const World>& current) { current = world; });
  }
  static bool is_brief(const Answer& answer) {
    return answer.reply.code == 451 &&
           answer.reply.text.find("throttle.rate: brief (all) allows") == 0;
  }
};

TEST_F(SessionThrottleTest, defers_a_recipient_and_keeps_what_goes_on_counted) {
  limit({}, 1);
  connect("GATE");
  mail();
  EXPECT_EQ(rcpt("<bob@icloud.com>"), go_on);
  EXPECT_TRUE(is_brief(rcpt("<eve@icloud.com>")));
  session_.abort();
  mail();
  EXPECT_EQ(rcpt("<eve@icloud.com>"), go_on) << "what was aborted is given back";
  EXPECT_EQ(send(honest), go_on);
  mail();
  EXPECT_TRUE(is_brief(rcpt("<bob@icloud.com>")));
}

TEST_F(SessionThrottleTest, defers_at_its_end_a_message_whose_header_shows_the_stream) {
  limit({"offers"}, 1);
  connect("GATE");
  for (const bool goes : {true, false, false}) {
    mail();
    EXPECT_EQ(rcpt("<bob@icloud.com>"), go_on);
    const Answer answer = send(offers);
    EXPECT_EQ(answer == go_on, goes);
    EXPECT_EQ(is_brief(answer), !goes);
  }
}

TEST_F(SessionThrottleTest, lets_mail_of_this_host_go_that_alone_is_more_than_a_limit) {
  for (const int port : {40000, 0}) {  // by SMTP, where each recipient is answered, and not
    limit({}, 2);
    connect("DIRECT", "127.0.0.1", port);
    mail();
    for (const std::string_view to : {"<a@icloud.com>", "<b@icloud.com>", "<c@icloud.com>"}) {
      EXPECT_EQ(is_brief(rcpt(to)), port != 0 && to == "<c@icloud.com>") << to;
    }
    if (port != 0) session_.abort();
  }
  EXPECT_EQ(send(honest), go_on);
  mail();
  rcpt("<d@icloud.com>");
  EXPECT_TRUE(is_brief(send(honest)));
}

TEST_F(SessionThrottleTest, counts_everybody_where_all_mail_leaves_through_an_account_of_apples) {
  const auto sent_elsewhere = [&] {
    connect("GATE");
    mail();
    const bool goes = rcpt("<ann@elsewhere.example>") == go_on;
    if (goes) {
      EXPECT_EQ(session_.data("4Nb2").kind, Answer::Kind::let_go);
    }
    return goes;
  };
  limit({}, 1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(sent_elsewhere());
  config_.throttle.preset = ThrottlePreset::icloud_account;
  count();
  EXPECT_TRUE(sent_elsewhere());
  EXPECT_FALSE(sent_elsewhere());
  mail();
  EXPECT_TRUE(is_brief(rcpt("<ann@elsewhere.example>")));
  EXPECT_TRUE(is_brief(rcpt("<bob@icloud.com>")));

  limit({}, 2);  // not by SMTP: there is one answer, at the end
  connect("DIRECT", "127.0.0.1", 0);
  mail();
  EXPECT_EQ(rcpt("<ann@elsewhere.example>"), go_on);
  EXPECT_EQ(rcpt("<eve@elsewhere.example>"), go_on);
  EXPECT_EQ(session_.data("4Nb3").kind, Answer::Kind::let_go);
  mail();
  EXPECT_EQ(rcpt("<ann@elsewhere.example>"), go_on);
  EXPECT_TRUE(is_brief(send(honest)));
}

}  // namespace
}  // namespace icm
