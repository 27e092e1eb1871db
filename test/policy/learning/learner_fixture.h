// SPDX-License-Identifier: Apache-2.0
//
// LearnerTest: a Learner over a real book and a real suppression list, on a clock of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "policy/learning/learner.h"
#include "policy/replies/reply_table_file.h"
#include "policy/store/stores.h"
#include "test/support/memory_backoff_book.h"
#include "test/support/temporary_directory.h"

namespace icm {

using namespace std::chrono_literals;

class SettableClock final : public Clock {
 public:
  WallTime now() const override { return time; }
  WallTime time = parse_time("2026-11-21T08:00:00Z").value();
};

class RecordingOutlet final : public AlertOutlet {
 public:
  [[nodiscard]] Status send(const AlertText& alert) override {
    sent.push_back(alert);
    return answer;
  }
  std::vector<AlertText> sent;
  Status answer;
};

inline const ReplyTable& built_in_table() {
  static const ReplyTable table = ReplyTable::make(built_in_replies()).value();
  return table;
}

class LearnerTest : public testing::Test {
 protected:
  LearnerTest() {
    config.replies.mode = Mode::enforce;
    config.egress.addresses = {*IpAddress::parse("192.0.2.1")};
    StreamConfig news;
    news.name = "news";
    news.from_domains = {*Domain::parse("shop.example")};
    config.streams = {news};
    config.store.path = directory.path().string() + "/store.db";
    list = open_book(config.store, Missing::make, soon()).value();
    reopen();
  }

  static Deadline soon() { return Deadline::in(60s); }

  // As after a restart.
  void reopen() {
    learner.reset();
    book.reset();
    book.emplace(ReplyBook::open(directory.path().string() + "/replies.db", Database::Access::write,
                                 Missing::make, soon())
                     .value());
    learner =
        Learner::make(config, {.book = *book,
                               .suppressions = *list,
                               .backoffs = backoffs,
                               .alerts = outlet,
                               .table = built_in_table(),
                               .clock = clock,
                               .say = [this](const std::string& line) { said.push_back(line); },
                               .forms = forms})
            .value();
  }

  DeliveryEvent event(std::string_view recipient, std::string_view reply,
                      DeliveryStatus status = DeliveryStatus::bounced) {
    DeliveryEvent event;
    event.time = clock.time;
    event.queue_id = "4Nb2";
    event.recipient = recipient;
    event.status = status;
    event.reply = reply;
    event.key = fmt::format("line {}", ++keys);
    return event;
  }
  void learn(const DeliveryEvent& event) {
    const ReceivedReply reply = parse_received_reply(event.reply);
    const Status done = learner->learn(event, handover, built_in_table().classify(reply), reply);
    EXPECT_TRUE(done) << done.error().text;
  }
  void answered(std::string_view recipient, std::string_view reply) {
    learn(event(recipient, reply));
  }
  void taken(std::string_view recipient = "ann@icloud.com") {
    learn(event(recipient, "250 2.0.0 Ok: queued", DeliveryStatus::sent));
  }
  void settle() {
    const Status done = learner->settle();
    EXPECT_TRUE(done) << done.error().text;
  }
  // What was learnt was settled at once, as whoever follows a log does when he has read all of it.
  void later(std::chrono::seconds span) {
    settle();
    clock.time += span;
    settle();
  }

  std::vector<Suppression> standing() {
    std::vector<Suppression> all;
    const Status done =
        list->each({}, clock.time, [&](const Suppression& one) { all.push_back(one); });
    EXPECT_TRUE(done) << done.error().text;
    return all;
  }
  // "pause 192.0.2.1 until 08:15", in force now.
  std::vector<std::string> in_force() {
    std::vector<std::string> all;
    const Backoffs sorted(page.all);
    for (const Backoff& one : sorted.all()) {
      if (one.until && *one.until <= clock.time) continue;
      std::string text = fmt::format("{} {}", to_string(one.kind), one.subject);
      if (one.kind == BackoffKind::slow) text += fmt::format(" to {}", one.percent);
      if (one.every.count() > 0) text += fmt::format(" every {}", to_span(one.every));
      if (one.until && one.kind != BackoffKind::slow && one.every.count() == 0) {
        text += " until " + to_rfc3339(*one.until).substr(5, 11);
      }
      all.push_back(text);
    }
    return all;
  }

  TemporaryDirectory directory;
  Config config;
  SettableClock clock;
  AddressForms forms;
  std::unique_ptr<SuppressionBook> list;
  BackoffPage page;
  MemoryBackoffBook backoffs{page};
  RecordingOutlet outlet;
  std::vector<std::string> said;
  Handover handover{.stream = "news",
                    .origin = {},
                    .login = {},
                    .sender = "a@shop.example",
                    .from_domain = "shop.example",
                    .form = "0123456789abcdef",
                    .egress = {}};
  std::optional<ReplyBook> book;
  std::unique_ptr<Learner> learner;
  int keys = 0;
};

using Words = std::vector<std::string>;

inline constexpr std::string_view gone =
    "host mx01.mail.icloud.com[17.57.1.1] said: 550 5.1.1 <bob@icloud.com>: user does not exist "
    "(in reply to RCPT TO command)";
inline constexpr std::string_view off =
    "host mx01.mail.icloud.com[17.57.1.1] said: 550 5.1.1 <bob@icloud.com>: inactive email address "
    "(in reply to RCPT TO command)";
inline constexpr std::string_view full =
    "host mx01.mail.icloud.com[17.57.1.1] said: 552 5.2.2 <bob@icloud.com>: user is over quota (in "
    "reply to RCPT TO command)";
inline constexpr std::string_view deferred_way =
    "host mx01.mail.icloud.com[17.57.1.1] said: 421 [HCM1] Your mail from 192.0.2.1 was deferred "
    "(in reply to MAIL FROM command)";
inline constexpr std::string_view refused_way =
    "host mx01.mail.icloud.com[17.57.1.1] refused to talk to me: 550 5.7.0 Blocked - see "
    "https://ipcheck.proofpoint.com/?ip=192.0.2.1";
inline constexpr std::string_view refused_content =
    "host mx01.mail.icloud.com[17.57.1.1] said: 554 5.7.1 [CS01] Message rejected due to local "
    "policy. Please visit https://support.apple.com/en-us/HT204137. Txn ID "
    "0e4b1d9c-7d52-4b5e-9d5f-2d43c3a1b7aa (in reply to end of DATA command)";
inline constexpr std::string_view no_authentication =
    "host mx01.mail.icloud.com[17.57.1.1] said: 554 5.7.1 [HME1] This message was blocked for "
    "failing both SPF and DKIM authentication checks. See "
    "https://support.apple.com/en-us/HT204137 for mailing best practices (in reply to end of DATA "
    "command)";

}  // namespace icm
