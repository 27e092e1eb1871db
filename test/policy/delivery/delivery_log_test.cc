// SPDX-License-Identifier: Apache-2.0
//
// What is read of a mail log: lines as Postfix 3.7 and Sendmail 8.17 write them, and lines as
// somebody would like them to have been written.
#include "policy/delivery/delivery_log.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

const WallTime now = parse_time("2026-11-22T03:00:00Z").value();

class DeliveryLogTest : public testing::Test {
 protected:
  std::vector<DeliveryEvent> read(std::string_view line) {
    std::vector<DeliveryEvent> events;
    log_.read_line(line, now, events);
    return events;
  }
  std::vector<DeliveryEvent> smtp(std::string_view message, std::string_view program = "smtp") {
    return read(fmt::format("Nov 22 02:00:01 mx postfix/{}[17]: {}", program, message));
  }

  NamedAppleDomains apple_{{Domain::parse("family.example").value()}};
  DeliveryLog log_{
      AppleTraffic(apple_, {"icloud-out"}, {*Domain::parse("sink.example")}),
      [](std::chrono::local_seconds local) { return WallTime(local.time_since_epoch()); }};
};

TEST_F(DeliveryLogTest, tells_all_that_postfix_says_of_a_refused_recipient) {
  const auto events = read(
      "Nov 22 02:00:01 mx postfix/icloud-out/smtp[17]: 4XyZ12AbCdz5F: to=<Bob@iCloud.com>, "
      "orig_to=<bob@ours.example>, relay=mx01.mail.icloud.com[17.57.155.25]:25, conn_use=2, "
      "delay=1.2, delays=0.1/0/0.5/0.6, dsn=5.1.1, status=bounced (host "
      "mx01.mail.icloud.com[17.57.155.25] said: 550 5.1.1 <Bob@iCloud.com>: user does not exist "
      "(in "
      "reply to RCPT TO command))");
  ASSERT_EQ(events.size(), 1u);
  DeliveryEvent expected{
      .time = parse_time("2026-11-22T02:00:01Z").value(),
      .queue_id = "4XyZ12AbCdz5F",
      .recipient = "bob@icloud.com",
      .relay_host = "mx01.mail.icloud.com",
      .relay_ip = "17.57.155.25",
      .status = DeliveryStatus::bounced,
      .enhanced_status = "5.1.1",
      .reply =
          "host mx01.mail.icloud.com[17.57.155.25] said: 550 5.1.1 <Bob@iCloud.com>: user does "
          "not exist (in reply to RCPT TO command)",
      .key = events[0].key};
  EXPECT_EQ(events[0], expected);
  EXPECT_EQ(events[0].key.size(), 32u);
}

TEST_F(DeliveryLogTest, tells_what_kept_postfix_from_delivering) {
  struct Case {
    std::string_view relay, dsn, status, words;
    DeliveryStatus expected;
  };
  constexpr std::string_view mx = "mx02.mail.icloud.com[17.42.251.62]:25";
  for (const auto& [relay, dsn, status, words, expected] : {
           Case{mx, "2.0.0", "sent", "250 2.0.0 Ok: taken", DeliveryStatus::sent},
           Case{mx, "4.7.0", "deferred",
                "host mx02.mail.icloud.com[17.42.251.62] refused to talk to me: 550 5.7.0 Blocked",
                DeliveryStatus::deferred},
           Case{mx, "4.4.2", "deferred",
                "lost connection with mx02.mail.icloud.com[17.42.251.62] while sending RCPT TO",
                DeliveryStatus::deferred},
           Case{mx, "4.4.2", "deferred",
                "conversation with mx02.mail.icloud.com[17.42.251.62] timed out while sending end "
                "of "
                "data -- message may be sent more than once",
                DeliveryStatus::deferred},
           Case{"none", "4.4.1", "deferred",
                "connect to mx02.mail.icloud.com[17.42.251.62]:25: Connection refused",
                DeliveryStatus::deferred},
           Case{"none", "4.4.1", "deferred",
                "connect to mx02.mail.icloud.com[17.42.251.62]:25: Connection timed out",
                DeliveryStatus::deferred},
           Case{mx, "4.7.5", "deferred", "Cannot start TLS: handshake failure",
                DeliveryStatus::deferred},
           Case{mx, "5.1.1", "SOFTBOUNCE", "host mx02 said: 550 5.1.1 x", DeliveryStatus::deferred},
           Case{mx, "4.4.1", "expired", "delivery time expired", DeliveryStatus::expired},
       }) {
    const auto events =
        smtp(fmt::format("4A5B6C7D8E: to=<a@me.com>, relay={}, delay=1, delays=0/0/1/0, dsn={}, "
                         "status={} ({})",
                         relay, dsn, status, words));
    ASSERT_EQ(events.size(), 1u) << words;
    EXPECT_EQ(events[0].status, expected) << words;
    EXPECT_EQ(events[0].reply, words);
    EXPECT_EQ(events[0].relay_host, "mx02.mail.icloud.com");
    EXPECT_EQ(events[0].relay_ip, "17.42.251.62");
  }
}

TEST_F(DeliveryLogTest, knows_apple_by_host_by_domain_and_by_transport) {
  const auto count = [&](std::string_view program, std::string_view to, std::string_view relay) {
    return smtp(fmt::format(
                    "4A5B6C7D8E: to=<{}>, relay={}, delay=1, dsn=2.0.0, status=sent (250 ok)", to,
                    relay),
                program)
        .size();
  };
  EXPECT_EQ(count("smtp", "a@own.example", "mx01.mail.icloud.com[17.1.1.1]:25"), 1u);
  EXPECT_EQ(count("smtp", "a@own.example", "smtp1.privaterelay.appleid.com[17.1.1.1]:25"), 1u);
  EXPECT_EQ(count("smtp", "a@icloud.com", "none"), 1u);
  EXPECT_EQ(count("smtp", "a@family.example", "none"), 1u);
  EXPECT_EQ(count("icloud-out/smtp", "a@own.example", "none"), 1u);
  EXPECT_EQ(count("smtp", "a@own.example", "mx.own.example[192.0.2.1]:25"), 0u);
  EXPECT_EQ(count("smtp", "a@own.example", "mx01.mail.icloud.com.evil.example[192.0.2.1]:25"), 0u);
  EXPECT_EQ(count("smtp", "a@own.example", "notmx01.mail.noticloud.com[192.0.2.1]:25"), 0u);
  EXPECT_EQ(count("icloud-out-2/smtp", "a@own.example", "none"), 0u);
}

// "10 mx01.mail.icloud.com, 10 mx.evil.example": Postfix takes one or the other.
TEST_F(DeliveryLogTest, tells_apples_answers_from_those_of_a_stranger_behind_the_same_transport) {
  const auto is_apples = [&](std::string_view to, std::string_view relay) {
    return smtp(fmt::format("4A5B6C7D8E: to=<{}>, relay={}, dsn=5.7.1, status=bounced (550 no)", to,
                            relay),
                "icloud-out/smtp")
        .at(0)
        .is_apples;
  };
  EXPECT_FALSE(is_apples("x@evil.example", "mx.evil.example[203.0.113.9]:25"));
  EXPECT_FALSE(is_apples("x@evil.example", "mx01.mail.icloud.com.evil.example[203.0.113.9]:25"));
  EXPECT_FALSE(is_apples("x@evil.example", "none"));
  EXPECT_TRUE(is_apples("x@evil.example", "mx01.mail.icloud.com[17.1.1.1]:25"));
  EXPECT_TRUE(is_apples("x@evil.example", "smtp.mail.me.com[17.1.1.1]:587"));  // as a relay
  EXPECT_TRUE(is_apples("x@evil.example", "mx1.sink.example[192.0.2.1]:25"));  // mx_suffixes
  EXPECT_TRUE(is_apples("a@icloud.com", "relay.example[192.0.2.1]:587"));
  EXPECT_TRUE(is_apples("a@family.example", "none"));  // apple.domains
}

// Postfix has no relay then, and its words name the host.
TEST_F(DeliveryLogTest, knows_whom_postfix_could_not_reach) {
  const auto tried = [&](std::string_view to, std::string_view host) {
    const auto events = smtp(fmt::format("4A5B6C7D8E: to=<{}>, relay=none, dsn=4.4.1, "
                                         "status=deferred (connect to {}: Connection timed out)",
                                         to, host),
                             "icloud-out/smtp");
    EXPECT_EQ(events.size(), 1u);
    return events.at(0);
  };
  EXPECT_TRUE(tried("x@own.example", "mx01.mail.icloud.com[17.1.1.1]:25").is_apples);
  EXPECT_FALSE(tried("x@evil.example", "mx.evil.example[203.0.113.9]:25").is_apples);
  EXPECT_EQ(tried("a@icloud.com", "mx.example[2001:db8::1]:25").relay_ip, "2001:db8::1");
  EXPECT_EQ(tried("a@icloud.com", "mx two[192.0.2.1]:25").relay_host, "");
}

TEST_F(DeliveryLogTest, does_not_take_a_filter_of_ours_that_is_down_for_apple) {
  for (const std::string_view filter :
       {"127.0.0.1[127.0.0.1]:10024", "scanner[10.1.2.3]:25", "private/lmtp[private/lmtp]"}) {
    EXPECT_EQ(smtp(fmt::format("4A5B6C7D8E: to=<a@icloud.com>, relay=none, delay=1, dsn=4.4.1, "
                               "status=deferred (connect to {}: Connection refused)",
                               filter))
                  .size(),
              0u)
        << filter;
  }
}

TEST_F(DeliveryLogTest, does_not_learn_what_our_own_gate_says) {
  constexpr std::string_view ours =
      "4A5B6C7D8E: to=<a@icloud.com>, relay={}, delay=1, dsn=5.7.1, status=bounced (host x said: "
      "550 5.7.1 suppressed)";
  for (const std::string_view relay :
       {"127.0.0.1[127.0.0.1]:10027", "gate[10.1.2.3]:10027", "gate[192.168.1.1]:25",
        "gate[fd00::1]:25", "localhost[::1]:25", "gate[private/filter]"}) {
    EXPECT_EQ(smtp(fmt::format(fmt::runtime(ours), relay)).size(), 0u) << relay;
  }
  EXPECT_EQ(smtp(fmt::format(fmt::runtime(ours), "mx[192.0.2.1]:25")).size(), 1u);
  EXPECT_EQ(
      smtp(fmt::format(fmt::runtime(ours), "127.0.0.1[127.0.0.1]:25"), "icloud-out/smtp").size(),
      1u);
}

TEST_F(DeliveryLogTest, reads_a_quoted_address_to_its_end) {
  const auto events =
      smtp(R"(4A5B6C7D8E: to=<"a>, status=sent (\" b"@icloud.com>, relay=none, dsn=4.4.1, )"
           R"(status=deferred (connect to mx01.mail.icloud.com[17.1.1.1]:25: Connection refused))");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].recipient, R"("a>, status=sent (\" b"@icloud.com)");
  EXPECT_EQ(events[0].status, DeliveryStatus::deferred);
}

// Whoever sends can name any recipient; without the quotes it needs, its name could go on like the
// line of somebody else's bounce.
TEST_F(DeliveryLogTest, reads_nothing_of_a_line_that_can_be_read_in_two_ways) {
  constexpr std::string_view forged =
      "victim@icloud.com>, relay=mx01.mail.icloud.com[17.1.1.1]:25, delay=1, dsn=5.1.1, "
      "status=bounced (550 5.1.1 user does not exist) x@evil.example";
  constexpr std::string_view true_end =
      ">, relay=none, delay=1, dsn=5.4.4, status=bounced (Host not found)";
  EXPECT_EQ(smtp(fmt::format("4A5B6C7D8E: to=<{}{}", forged, true_end)).size(), 0u);
  EXPECT_EQ(
      smtp(fmt::format("4A5B6C7D8E: to=<a@icloud.com>, orig_to=<{}{}", forged, true_end)).size(),
      0u);
  EXPECT_EQ(
      smtp(fmt::format("4A5B6C7D8E: to=<victim@icloud.com>, orig_to=<x>, relay=none, dsn=5.1.1, "
                       "status=bounced (x)@evil.example{}",
                       true_end))
          .size(),
      0u);
}

TEST_F(DeliveryLogTest, takes_an_answer_that_quotes_a_log_for_words) {
  const auto events = smtp(
      "4A5B6C7D8E: to=<a@icloud.com>, relay=mx01.mail.icloud.com[17.1.1.1]:25, delay=1, dsn=4.7.1, "
      "status=deferred (host mx01.mail.icloud.com[17.1.1.1] said: 451 4.7.1 x\\n4FFFFFFFFF: "
      "to=<victim@icloud.com> status=bounced (550 5.1.1 user does not exist) (in reply to RCPT "
      "TO))");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].recipient, "a@icloud.com");
  EXPECT_EQ(events[0].queue_id, "4A5B6C7D8E");
  EXPECT_EQ(events[0].status, DeliveryStatus::deferred);
}

TEST_F(DeliveryLogTest,
       learns_of_a_greeting_that_refuses_to_talk_though_another_host_takes_the_mail) {
  const auto events = smtp(
      "4A5B6C7D8E: host mx01.mail.icloud.com[17.57.155.25] refused to talk to me: 554 5.7.0 "
      "Blocked - "
      "see https://ipcheck.proofpoint.com/?ip=192.0.2.9");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].recipient, "");
  EXPECT_EQ(events[0].relay_host, "mx01.mail.icloud.com");
  EXPECT_EQ(events[0].relay_ip, "17.57.155.25");
  EXPECT_EQ(events[0].status, DeliveryStatus::deferred);
  EXPECT_EQ(smtp("4A5B6C7D8E: host mx.x.example[192.0.2.1] refused to talk to me: 554 no").size(),
            0u);
}

TEST_F(DeliveryLogTest, tells_that_a_message_was_given_up) {
  const auto events =
      smtp("4A5B6C7D8E: from=<ann@ours.example>, status=expired, returned to sender", "qmgr");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].status, DeliveryStatus::expired);
  EXPECT_EQ(events[0].recipient, "");
}

TEST_F(DeliveryLogTest, passes_over_what_tells_of_no_delivery) {
  for (const std::string_view line : {
           "Nov 22 02:00:01 mx postfix/smtpd[1]: 4A5B6C7D8E: to=<a@icloud.com>, relay=none, "
           "status=bounced (550 x)",
           "Nov 22 02:00:01 mx postfix/error[1]: 4A5B6C7D8E: to=<a@icloud.com>, relay=none, "
           "dsn=4.4.1, "
           "status=deferred (delivery temporarily suspended: connect to mx01: Connection refused)",
           "Nov 22 02:00:01 mx postfix/smtp[1]: 4A5B6C7D8E: to=<a@icloud.com>, relay=none, "
           "dsn=5.1.1, "
           "status=undeliverable (550 x)",
           "Nov 22 02:00:01 mx postfix/smtp[1]: 4A5B6C7D8E: to=<a@icloud.com>, relay=none, "
           "dsn=5.1.1, "
           "stat",
           "Nov 22 02:00:01 mx postfix/smtp[1]: 4A5B6C7D8E: to=<a@iclo",
           "Nov 22 02:00:01 mx postfix/smtp[1]: 4A5: to=<a@icloud.com>, relay=none, status=sent "
           "(x)",
           "Nov 22 02:00:01 mx postfix/smtp[1]: connect to mx01.mail.icloud.com[17.1.1.1]:25: "
           "Connection refused",
           "Nov 22 02:00:01 mx postfix/qmgr[1]: 4A5B6C7D8E: from=<a@icloud.com>, size=1, nrcpt=1",
           "Nov 22 02:00:01 mx smtp[1]: 4A5B6C7D8E: to=<a@icloud.com>, relay=none, status=sent (x)",
           "Nov 32 02:00:01 mx postfix/smtp[1]: 4A5B6C7D8E: to=<a@icloud.com>, relay=none, "
           "status=sent (x)",
       }) {
    EXPECT_EQ(read(line).size(), 0u) << line;
  }
}

TEST_F(DeliveryLogTest, reads_each_recipient_of_a_line_of_sendmail) {
  const auto events = read(
      "Nov 22 02:00:01 mx sm-mta[99]: 0AM201bc012345: "
      "to=<a@icloud.com>,<b@other.example>,c@me.com, "
      "ctladdr=<ann@ours.example> (1000/1000), delay=00:00:01, xdelay=00:00:01, mailer=esmtp, "
      "pri=120297, relay=gateway.example. [198.51.100.9], dsn=5.1.1, reply=550 5.1.1 "
      "<a@icloud.com>: "
      "user does not exist, stat=User unknown");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].recipient, "a@icloud.com");
  EXPECT_EQ(events[1].recipient, "c@me.com");
  EXPECT_EQ(events[0].relay_host, "gateway.example");
  EXPECT_EQ(events[0].relay_ip, "198.51.100.9");
  EXPECT_EQ(events[0].status, DeliveryStatus::bounced);
  EXPECT_EQ(events[0].reply, "550 5.1.1 <a@icloud.com>: user does not exist");
  EXPECT_NE(events[0].key, events[1].key);
}

TEST_F(DeliveryLogTest, reads_what_sendmail_says_where_it_gives_no_reply) {
  struct Case {
    std::string_view end, reply;
    DeliveryStatus status;
  };
  for (const auto& [end, reply, status] : {
           Case{"dsn=2.0.0, stat=Sent (Ok: taken)", "dsn=2.0.0, stat=Sent (Ok: taken)",
                DeliveryStatus::sent},
           Case{"dsn=4.0.0, stat=Deferred: Connection timed out with mx01.mail.icloud.com.",
                "dsn=4.0.0, stat=Deferred: Connection timed out with mx01.mail.icloud.com.",
                DeliveryStatus::deferred},
           Case{"stat=Deferred: 421 4.7.1 later", "stat=Deferred: 421 4.7.1 later",
                DeliveryStatus::deferred},
           Case{"dsn=5.0.0, stat=Service unavailable, stat=Sent",
                "dsn=5.0.0, stat=Service unavailable, "
                "stat=Sent",
                DeliveryStatus::bounced},
       }) {
    const auto events = read(fmt::format(
        "Nov 22 02:00:01 mx sendmail[99]: 0AM201bc012345: to=<a@icloud.com>, delay=00:00:01, "
        "xdelay=00:00:01, mailer=esmtp, pri=1, relay=mx01.mail.icloud.com. [17.57.155.25], {}",
        end));
    ASSERT_EQ(events.size(), 1u) << end;
    EXPECT_EQ(events[0].reply, reply);
    EXPECT_EQ(events[0].status, status);
  }
}

TEST_F(DeliveryLogTest, reads_an_entry_of_the_journal_like_a_line) {
  std::vector<DeliveryEvent> events;
  log_.read_entry(now, "postfix/icloud-out/smtp",
                  "4A5B6C7D8E: to=<a@icloud.com>, relay=none, dsn=4.4.1, status=deferred (x)",
                  events);
  log_.read_entry(now, "postfix/icloud-out/smtp",
                  "4A5B6C7D8E: to=<a@icloud.com>, relay=none, dsn=4.4.1, status=deferred (x)",
                  events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].time, now);
  EXPECT_EQ(events[0].key, events[1].key);
}

TEST_F(DeliveryLogTest, counts_lines_by_what_was_made_of_them) {
  std::vector<DeliveryEvent> events;
  constexpr std::string_view delivery =
      "4A5B6C7D8E: to=<a@elsewhere.example>, relay=none, dsn=4.4.1, status=deferred (x)";
  log_.read_line(fmt::format("Nov 22 02:00:01 mx postfix/smtp[1]: {}", delivery), now, events);
  log_.read_line("Nov 22 02:00:01 mx postfix/qmgr[1]: 4A5B6C7D8E: removed", now, events);
  log_.read_line("Nov 22 02:00:01 mx sshd[1]: hello: there", now, events);
  log_.read_line("", now, events);
  log_.read_line("{\"time\": \"2026\"}", now, events);
  log_.read_line(fmt::format("Nov 41 02:00:01 mx postfix/smtp[1]: {}", delivery), now, events);
  log_.read_entry(now, "postfix/smtp", delivery, events);
  log_.read_entry(now, "postfix/smtp", std::string(longest_log_line + 1, 'x'), events);
  log_.read_entry(now, "cron", "x", events);
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(log_.figures(),
            (LogFigures{.deliveries = 2, .others = 3, .unreadable = 4, .strangers = 0}));
}

TEST_F(DeliveryLogTest, names_an_event_by_all_of_its_line) {
  constexpr std::string_view line =
      "4A5B6C7D8E: to=<a@icloud.com>, relay=none, status=deferred (x{})";
  const auto key = [&](int i) { return smtp(fmt::format(fmt::runtime(line), i)).at(0).key; };
  EXPECT_EQ(key(1), key(1));
  EXPECT_NE(key(1), key(2));
}

}  // namespace
}  // namespace icm
