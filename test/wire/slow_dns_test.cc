// SPDX-License-Identifier: Apache-2.0
//
// A name server that takes its time: what a message waits for it, and what many at once wait.
// Waiting is counted in questions that came one after the other; of times, the best of some tries
// counts, since the machine may be busy.
#include <algorithm>

#include "test/support/hostile_name_server.h"
#include "test/wire/dns_fixture.h"

namespace icm {
namespace {

using namespace std::chrono_literals;

constexpr auto lateness = 300ms;

class SlowDns : public DnsTest {};

std::string listed(const std::vector<HostileNameServer::Wait>& waits) {
  std::string text;
  for (const auto& wait : waits) {
    text += fmt::format(
        "{:6} type {:2} {}\n",
        std::chrono::duration_cast<std::chrono::milliseconds>(wait.asked - waits.front().asked)
            .count(),
        wait.type, wait.name);
  }
  return text;
}

TEST_F(SlowDns, what_is_known_by_name_is_asked_at_once) {
  constexpr int tries = 5;  // at most
  nlohmann::json zone;
  publish_host(zone);
  publish(zone, "news.shop.example");
  std::vector<HostileNameServer::Wait> waits;
  for (int i = 0; i < tries; ++i) {
    HostileNameServer server(zone.dump(), 1s);
    configure_dns(server.address(), "defer",
                  "limits: {message_deadline: 60s}\nauthentication: {deadline: 60s}\n");
    start();
    const std::string id = fmt::format("4A{}", i);
    EXPECT_EQ(shown(judge(signed_letter("news.shop.example", id))), "goes on") << decided(id);
    EXPECT_EQ(decided(id), "accept");
    EXPECT_EQ(daemon_->stop().value_or(-1), 0);
    waits = server.waits();
    if (most_in_a_row(waits) <= 3u && most_at_once(waits) >= 8u) break;
  }
  // The sender's SPF record, then the names in it, then the host that its MX record names.
  EXPECT_LE(most_in_a_row(waits), 3u) << listed(waits);
  EXPECT_GE(most_at_once(waits), 8u) << listed(waits);
}

TEST_F(SlowDns, twelve_messages_at_once_wait_no_longer_than_one) {
  constexpr int tries = 10;  // at most
  constexpr int messages = 12;
  nlohmann::json zone;
  publish_host(zone);
  std::vector<std::vector<MilterMail>> mails(tries);
  for (int i = 0; i < tries; ++i) {
    for (int n = 0; n < messages; ++n) {
      const std::string domain = fmt::format("shop{}.try{}.example", n, i);
      publish(zone, domain);
      zone[domain]["TXT"] = {"v=spf1 ip4:192.0.2.7 -all"};
      mails[static_cast<std::size_t>(i)].push_back(
          signed_letter(domain, fmt::format("4T{}N{}", i, n)));
    }
  }
  HostileNameServer server(zone.dump(), lateness);
  configure_dns(server.address());
  start();
  std::vector<long> slowest;
  const auto is_shown = [&] {
    return !slowest.empty() && slowest.back() < 1000 &&
           most_at_once(server.waits()) >= 3u * messages;
  };
  for (const auto& together : mails) {
    if (is_shown()) break;
    std::chrono::milliseconds last{};
    for (const Judged& judged : judge_together(together)) {
      EXPECT_EQ(shown(judged), "goes on");
      last = std::max(last, judged.took);
    }
    slowest.push_back(last.count());
  }
  const auto waits = server.waits();
  fmt::print("the last of {} answers after {} ms; up to {} questions at once\n", messages,
             fmt::join(slowest, ", "), most_at_once(waits));
  EXPECT_LT(*std::ranges::min_element(slowest), 1000) << listed(waits);
  EXPECT_GE(most_at_once(waits), 1u * messages);  // three times that on a quiet machine
  for (std::size_t i = 0; i < slowest.size(); ++i) {
    for (const MilterMail& mail : mails[i]) EXPECT_EQ(decided(mail.queue_id), "accept");
  }
}

}  // namespace
}  // namespace icm
