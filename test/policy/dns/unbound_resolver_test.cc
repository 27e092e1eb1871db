// SPDX-License-Identifier: Apache-2.0
//
// The resolver over a real, well-behaved name server.
#include "policy/dns/unbound_resolver.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "test/policy/dns/resolver_fixture.h"
#include "test/support/nsd_process.h"

namespace icm {
namespace {

using std::chrono::seconds;

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// The server's names lie under corp.example, since libunbound knows "test" and others itself.
Zones zones() {
  std::string records =
      "@ MX 10 MX1\n@ MX 20 mx2.other.example.\n@ TXT \"v=spf1 -all\"\n"
      "null MX 0 .\n"
      "host A 192.0.2.1\nhost A 192.0.2.2\nhost AAAA 2001:db8::1\n"
      "short 7 A 192.0.2.7\n"
      "parts TXT \"v=DKIM1; \" \"p=\" \"\" \"AB\"\nquoted TXT \"a\\\"b\\\\c\\000d\\255\"\n"
      "several TXT one\nseveral TXT two\n"
      "alias CNAME alias2\nalias2 CNAME host\naway CNAME host.other.example.\n"
      "dangling CNAME nowhere\nempty CNAME host\n"
      "loop CNAME pool\npool CNAME loop\nself CNAME self\n"
      "below.here A 192.0.2.9\n"
      "odd\\.name A 192.0.2.10\nunder_score A 192.0.2.11\nsl\\\\ash A 192.0.2.12\n"
      "ptr PTR Mail.Corp.Example.\nptr PTR dot\\.ted.corp.example.\n";
  records += "long TXT";
  for (int i = 0; i < 10; ++i) records += fmt::format(" \"{}\"", repeated("0123456789", 25));
  for (int i = 0; i < 20; ++i) {
    records += fmt::format("\nchain{} CNAME chain{}", i, i + 1);
    records += fmt::format("\nmany A 198.51.100.{}", i);
  }
  for (int i = 0; i < 300; ++i) records += fmt::format("\ncrowd TXT \"number {}\"", i);
  return {{"corp.example", records},
          {"other.example", "host A 192.0.2.77\n"},
          {"2.0.192.in-addr.arpa", "1 PTR host.corp.example."},
          {"8.b.d.0.1.0.0.2.ip6.arpa",
           "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR host.corp.example."},
          {"10.in-addr.arpa", "4.3.2 PTR inside.corp.example."},
          {"test", "inside A 192.0.2.50"}};
}

class UnboundResolverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<NsdProcess>(zones()); }
  static void TearDownTestSuite() { server_.reset(); }

  DnsAnswer ask(std::string_view name, RecordType type) {
    return resolver_->query(name, type, generous());
  }

  static std::unique_ptr<NsdProcess> server_;
  std::unique_ptr<UnboundResolver> resolver_ = resolver_over({server_->address()});
};
std::unique_ptr<NsdProcess> UnboundResolverTest::server_;

TEST_F(UnboundResolverTest, answers_are_what_the_zone_says) {
  struct Case {
    std::string_view name;
    RecordType type;
    std::string expected;
  };
  const Case cases[] = {
      {"corp.example", RecordType::mx, "ok: 10 \"mx1.corp.example\" | 20 \"mx2.other.example\""},
      {"null.corp.example", RecordType::mx, "ok: 0 \"\""},
      {"corp.example", RecordType::txt, "ok: v=spf1 -all"},
      {"HOST.Corp.Example.", RecordType::a, "ok: 192.0.2.1 | 192.0.2.2"},
      {"host.corp.example", RecordType::aaaa, "ok: 2001:db8::1"},
      {"host.corp.example", RecordType::txt, "no data"},
      {"here.corp.example", RecordType::a, "no data"},
      {"nowhere.corp.example", RecordType::a, "no such name"},
      {"parts.corp.example", RecordType::txt, "ok: v=DKIM1; p=AB"},
      {"quoted.corp.example", RecordType::txt, std::string("ok: a\"b\\c\0d\xff", 12)},
      {"several.corp.example", RecordType::txt, "ok: one | two"},
      {"long.corp.example", RecordType::txt, "ok: " + repeated("0123456789", 250)},
      {"1.2.0.192.in-addr.arpa", RecordType::ptr, "ok: host.corp.example"},
      {"ptr.corp.example", RecordType::ptr, "ok: dot\\046ted.corp.example | mail.corp.example"},
      {"under_score.corp.example", RecordType::a, "ok: 192.0.2.11"},
      {"sl\\ash.corp.example", RecordType::a, "ok: 192.0.2.12"},
      {"odd\\.name.corp.example", RecordType::a, "no such name"},
      {"4.3.2.10.in-addr.arpa", RecordType::ptr, "ok: inside.corp.example"},
      {"inside.test", RecordType::a, "ok: 192.0.2.50"},
      {"alias.corp.example", RecordType::a, "ok: 192.0.2.1 | 192.0.2.2"},
      {"alias.corp.example", RecordType::mx, "no data"},
      {"away.corp.example", RecordType::a, "ok: 192.0.2.77"},
      {"dangling.corp.example", RecordType::a, "no such name"},
  };
  for (const auto& [name, type, expected] : cases) {
    EXPECT_EQ(shown(ask(name, type)), expected) << name << " " << to_string(type);
  }
  EXPECT_EQ(ask("many.corp.example", RecordType::a).addresses.size(), 20u);
  EXPECT_EQ(shown(ask(reverse_name(*IpAddress::parse("2001:db8::1")), RecordType::ptr)),
            "ok: host.corp.example");
}

TEST_F(UnboundResolverTest, a_name_that_cannot_exist_is_never_sent) {
  const auto nobody = resolver_over({*NameServer::parse("127.0.0.1:1")});
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"),
        repeated("a", 64) + ".example", repeated("abcdefg.", 40) + "example"}) {
    const DnsAnswer answer = nobody->query(name, RecordType::a, generous());
    EXPECT_EQ(shown(answer), "no such name") << name;
    nobody->prefetch(name, RecordType::a);
  }
}

TEST_F(UnboundResolverTest, any_octet_may_be_in_a_name) {
  for (const std::string& name :
       {std::string("a\0b.corp.example", 16), std::string("\xff\n\\.corp.example"),
        std::string("\"$(x)@*.corp.example")}) {
    EXPECT_EQ(shown(ask(name, RecordType::a)), "no such name");
  }
  // A NUL does not cut the name short.
  EXPECT_EQ(shown(ask(std::string_view("host.corp.example\0.corp.example", 31), RecordType::a)),
            "no such name");
}

TEST_F(UnboundResolverTest, the_ttl_counts_down_and_negative_answers_have_one) {
  struct Case {
    std::string_view name;
    RecordType type;
    seconds ttl;  // in the zone; what is left of it is given
  };
  for (const auto& [name, type, ttl] : {Case{"short.corp.example", RecordType::a, seconds{7}},
                                        {"short.corp.example", RecordType::a, seconds{7}},
                                        {"host.corp.example", RecordType::a, seconds{60}},
                                        {"host.corp.example", RecordType::txt, seconds{30}},
                                        {"nowhere.corp.example", RecordType::a, seconds{30}}}) {
    const seconds left = ask(name, type).ttl;
    EXPECT_GT(left, seconds{0}) << name;
    EXPECT_LE(left, ttl) << name;
  }
}

TEST_F(UnboundResolverTest, aliases_that_never_end_are_temporary) {
  for (const std::string_view name :
       {"loop.corp.example", "self.corp.example", "chain0.corp.example"}) {
    const DnsAnswer answer = ask(name, RecordType::a);
    EXPECT_EQ(shown(answer), "temporary") << name;
  }
}

TEST_F(UnboundResolverTest, an_answer_larger_than_any_honest_one_is_not_used) {
  const DnsAnswer answer = ask("crowd.corp.example", RecordType::txt);
  EXPECT_EQ(shown(answer), "temporary");
  EXPECT_EQ(answer.problem, "the answer has more than 256 records or 65536 octets");
}

TEST_F(UnboundResolverTest, nothing_is_authentic_that_was_not_validated_here) {
  EXPECT_FALSE(ask("host.corp.example", RecordType::a).authentic);
}

TEST_F(UnboundResolverTest, what_is_known_is_given_after_the_deadline_too) {
  EXPECT_TRUE(ask("host.corp.example", RecordType::a).found());
  EXPECT_TRUE(
      resolver_->query("host.corp.example", RecordType::a, Deadline::in(seconds{0})).found());
}

TEST_F(UnboundResolverTest, a_prefetched_answer_outlives_its_server) {
  NsdProcess server(zones());
  const auto resolver = resolver_over({server.address()});
  resolver->prefetch("host.corp.example", RecordType::a);
  resolver->prefetch("host.corp.example", RecordType::a);
  EXPECT_TRUE(resolver->query("host.corp.example", RecordType::a, generous()).found());
  server.stop();
  EXPECT_TRUE(resolver->query("host.corp.example", RecordType::a, generous()).found());
}

TEST_F(UnboundResolverTest, many_threads_ask_at_once) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        // Some equal, some of each thread's own.
        const std::string own = fmt::format("t{}-{}.corp.example", thread, i);
        if (shown(ask(own, RecordType::a)) != "no such name") ++wrong;
        if (shown(ask("host.corp.example", RecordType::aaaa)) != "ok: 2001:db8::1") ++wrong;
        if (!ask("alias.corp.example", RecordType::a).found()) ++wrong;
        resolver_->prefetch(fmt::format("p{}.corp.example", i), RecordType::txt);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace icm
