// SPDX-License-Identifier: Apache-2.0
//
// What a session does where a listener is not what it should be, or an address or a header is made
// to get past it.
#include "milter/forged_results.h"
#include "milter/unsettled_recipient.h"
#include "test/milter/session_fixture.h"

namespace icm {
namespace {

const Answer unknown_listener =
    refuse(451, "4.3.5",
           "The mail filter has no role for this listener; the administrator finds its name in "
           "the log; try again later");

Answer unclear(std::string_view address) {
  return refuse(
      553, "5.1.3",
      fmt::format("recipient address {} may lead to Apple once it is cleaned or its route "
                  "is followed; write it as local-part@domain (RFC 5321 section 4.1.2), "
                  "without comments, routes, blanks or needless quotes",
                  address));
}

std::string deferred_line(std::string_view queue_id, std::string_view name) {
  return fmt::format(
      "error: {}: deferred: the listener's {{daemon_name}} \"{}\" is in none of roles.gate, "
      "roles.direct and roles.arrival; mend milter_macro_daemon_name in master.cf, or add the name",
      queue_id, name);
}

class Listener : public SessionTest {};

TEST_F(Listener, of_no_known_name_defers_its_mail_where_arrivals_are_named) {
  config_.roles.arrival = {"mx.ours.example"};
  build();
  connect("ICLOUD-GAET", "127.0.0.1");
  mail();
  EXPECT_EQ(rcpt("<bob@icloud.com>"), unknown_listener);
  EXPECT_EQ(rcpt("<ann@ours.example>"), unknown_listener);
  EXPECT_EQ(log_.sentences, (std::vector<std::string>{deferred_line("", "ICLOUD-GAET"),
                                                      deferred_line("", "ICLOUD-GAET")}));
}

// Postfix keeps a message of sendmail(1) in its queue for a broken configuration when RCPT is
// refused, so it is told at the end.
TEST_F(Listener, of_no_known_name_defers_mail_without_smtp_at_its_end) {
  config_.roles.arrival = {"mx.ours.example"};
  build();
  connect("", "127.0.0.1", 0);
  mail();
  EXPECT_EQ(rcpt("<bob@icloud.com>"), go_on);
  EXPECT_EQ(send(honest), unknown_listener);
  EXPECT_EQ(mta_.changes(), Changes{});
  EXPECT_EQ(log_.sentences, std::vector<std::string>{deferred_line("4XYZ", "")});
}

TEST_F(Listener, that_is_named_is_what_it_was) {
  config_.roles.arrival = {"mx.ours.example"};
  build();
  for (const std::string_view name : {"mx.ours.example", "ICLOUD-GATE", "DIRECT"}) {
    connect(name);
    mail();
    EXPECT_EQ(rcpt("<eve@icloud.com>"), go_on) << name;
    EXPECT_EQ(send(honest), go_on) << name;
  }
  EXPECT_EQ(log_.sentences, std::vector<std::string>{});
}

class Watched : public Listener {
 protected:
  Watched() { build(); }

  void let_in(std::string_view daemon_name, std::string_view to, WallTime now) {
    const FixedClock clock(now);
    Session session(SessionContext{world_, log_, clock, slots_, &watch_});
    session.connect({.name = "x", .address = IpAddress::parse("127.0.0.1").value(), .port = 25},
                    daemon_name);
    const std::string_view from[] = {"<ann@ours.example>"};
    const std::string_view recipient[] = {to};
    session.mail(from, {});
    EXPECT_EQ(session.rcpt(recipient, {}), go_on);
    (void)session.data("4A");
    session.end_of_header();
    (void)session.end_of_message("4A", mta_);
  }

  GateWatch watch_;
  WallTime start_ = *parse_time("2026-11-21T08:00:00Z");
};

TEST_F(Watched, for_a_gate_that_never_shows_up) {
  for (int minute = 0; minute <= 10; ++minute) {
    let_in("ICLOUD-GAET", "<eve@icloud.com>", start_ + std::chrono::minutes(minute));
  }
  ASSERT_EQ(log_.sentences.size(), 1u);
  EXPECT_TRUE(
      log_.sentences[0].starts_with("warning: mail for Apple comes in and none has come to "
                                    "the gate for 10 minutes or more: it leaves unjudged."))
      << log_.sentences[0];
}

TEST_F(Watched, in_silence_while_the_gate_is_used_and_for_mail_to_others) {
  for (int minute = 0; minute <= 60; ++minute) {
    const WallTime now = start_ + std::chrono::minutes(minute);
    let_in("smtpd", "<eve@icloud.com>", now);
    let_in("ICLOUD-GATE", "<eve@icloud.com>", now);
  }
  for (int minute = 61; minute <= 120; ++minute) {
    let_in("smtpd", "<eve@other.example>", start_ + std::chrono::minutes(minute));
  }
  EXPECT_EQ(log_.sentences, std::vector<std::string>{});
}

class OddAddress : public SessionTest {};

TEST_F(OddAddress, that_may_become_apples_is_refused_and_logged) {
  build();
  for (const std::string_view role : {"DIRECT", "ICLOUD-GATE"}) {
    connect(role);
    mail();
    EXPECT_EQ(rcpt("<bob@(x)icloud.com>"), unclear("bob@(x)icloud.com"));
    EXPECT_EQ(rcpt("<bob%icloud.com@ours.example>"), unclear("bob%icloud.com@ours.example"));
    EXPECT_EQ(rcpt("<bob@icloud.com.>"), bob_is_suppressed);
    EXPECT_EQ(rcpt("<\"bob\"@icloud.com.>").reply.code, 550);
    EXPECT_EQ(rcpt("<b\xff@me.com>"), unclear("b?@me.com"));
    EXPECT_EQ(rcpt("<@a.example:bob@icloud.com>"), bob_is_suppressed);
    EXPECT_EQ(rcpt("<bob@(x)other.example>"), go_on);
    EXPECT_EQ(send(honest), let_go);
  }
  ASSERT_EQ(log_.decisions.size(), 12u);
  EXPECT_EQ(log_.decisions[0].event, Decision::Event::recipient);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::reject);
  EXPECT_EQ(log_.decisions[0].verdict.reply.code, 553);
  ASSERT_EQ(log_.decisions[0].envelope.recipients.size(), 1u);
  EXPECT_EQ(log_.decisions[0].envelope.recipients[0].text, "bob@(x)icloud.com");
}

// "icloud-milterctl postfix enable" asks so: nobody's mail was refused.
TEST_F(OddAddress, of_the_gate_s_probe_is_refused_and_counts_nowhere) {
  build();
  const std::string probe = fmt::format("<{}>", gate_probe_recipient);
  const auto ask = [&](std::string_view role, std::string_view client, std::string_view sender,
                       std::string_view recipient) {
    connect(role, client);
    mail(sender);
    EXPECT_EQ(rcpt(recipient).reply.code, 553) << role << client << sender << recipient;
  };
  ask("ICLOUD-GATE", "127.0.0.1", "<>", probe);
  EXPECT_EQ(log_.decisions.size(), 0u);

  ask("DIRECT", "127.0.0.1", "<>", probe);
  ask("ICLOUD-GATE", "198.51.100.7", "<>", probe);
  ask("ICLOUD-GATE", "127.0.0.1", "<shop@ours.example>", probe);
  ask("ICLOUD-GATE", "127.0.0.1", "<>", "<icloud-milter-probe%me.com@localhost>");
  EXPECT_EQ(log_.decisions.size(), 4u);
}

TEST_F(OddAddress, of_mail_without_smtp_is_taken_off_at_the_end) {
  build();
  connect("DIRECT", "127.0.0.1", 0);
  mail();
  EXPECT_EQ(rcpt("<bob@(x)icloud.com>"), go_on);
  EXPECT_EQ(rcpt("<eve@icloud.com>"), go_on);
  EXPECT_EQ(send(honest), go_on);
  EXPECT_EQ(mta_.changes().back(), "delete <bob@(x)icloud.com>");
}

class ForgedFlood : public SessionTest {
 protected:
  ForgedFlood() {
    for (std::size_t i = 0; i <= ForgedResults::most; ++i) {
      header_ += "Authentication-Results: mx.ours.example; auth=pass\n";
    }
    build();
  }
  std::string header_{honest};
  const Answer refused_ =
      refuse(550, "5.7.0",
             "more than 100 Authentication-Results fields claim to be by mx.ours.example, which "
             "removes them wherever mail comes in (RFC 8601 section 5); send the message without "
             "them");
};

TEST_F(ForgedFlood, is_refused_where_mail_comes_in) {
  connect("smtpd");
  mail();
  EXPECT_EQ(rcpt("<eve@other.example>"), go_on);
  EXPECT_EQ(send(header_), refused_);
  EXPECT_EQ(mta_.changes(), Changes{});
  EXPECT_EQ(log_.sentences,
            std::vector<std::string>{"warning: 4XYZ: refused: more than 100 Authentication-Results "
                                     "claim to be by mx.ours.example, client=198.51.100.7"});
}

TEST_F(ForgedFlood, is_refused_and_logged_as_a_decision_at_direct) {
  connect("DIRECT");
  mail();
  EXPECT_EQ(rcpt("<eve@icloud.com>"), go_on);
  EXPECT_EQ(send(header_), refused_);
  ASSERT_EQ(log_.decisions.size(), 1u);
  EXPECT_EQ(log_.decisions[0].verdict.disposition, Disposition::reject);
  EXPECT_EQ(log_.decisions[0].event, Decision::Event::message);
}

TEST_F(ForgedFlood, is_nothing_to_the_gate) {
  connect("ICLOUD-GATE", "127.0.0.1");
  mail();
  EXPECT_EQ(rcpt("<eve@icloud.com>"), go_on);
  EXPECT_EQ(send(header_), go_on);
}

}  // namespace
}  // namespace icm
