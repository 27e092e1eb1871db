// SPDX-License-Identifier: Apache-2.0
//
// Name servers that die, say nothing, or lie. What is bounded here is what a message waits, and
// what the neighbours notice; the bounds are wide, since the machine may be busy.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "policy/base/guarded.h"
#include "policy/dns/unbound_resolver.h"
#include "test/policy/dns/resolver_fixture.h"
#include "test/support/hostile_name_server.h"
#include "test/support/nsd_process.h"

namespace icm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = std::chrono::steady_clock;

// For what waits for nobody: the answers say why they came, and the machine may stand still.
constexpr seconds soon{15};
constexpr seconds silence{4};  // of a server, which is given up after five

class HostileDns : public testing::Test {
 protected:
  DnsAnswer ask(std::string_view name, Deadline deadline = generous()) {
    return resolver_->query(name, RecordType::a, deadline);
  }

  HostileNameServer server_;
  std::unique_ptr<UnboundResolver> resolver_ = resolver_over({server_.address()});
};

TEST_F(HostileDns, no_answer_that_cannot_be_trusted_is_used) {
  const std::string failed = "the name servers failed or did not answer (SERVFAIL)";
  struct Case {
    std::string_view name, answer, problem;
  };
  for (const auto& [name, answer, problem] : {
           Case{"good.corp.example", "ok: 192.0.2.1", ""},
           Case{"short.corp.example", "temporary", failed},
           Case{"wrongname.corp.example", "temporary", failed},
           Case{"aside.corp.example", "no data", ""},
           Case{"cuttcp.corp.example", "temporary", failed},
           Case{"servfail.corp.example", "temporary", failed},
           Case{"refused.corp.example", "temporary", failed},
           Case{"notimp.corp.example", "temporary", failed},
           Case{"knot.corp.example", "temporary", failed},
           Case{"badrdata.corp.example", "temporary",
                "a malformed A record: an address has 3 octets, not 4"},
           Case{"huge.corp.example", "temporary",
                "the answer has more than 256 records or 65536 octets"},
       }) {
    const DnsAnswer found = ask(name);
    EXPECT_EQ(shown(found), answer) << name;
    EXPECT_EQ(found.problem, problem) << name;
    EXPECT_TRUE(found.found() || found.addresses.empty()) << name;
  }
}

TEST_F(HostileDns, the_deadline_holds_whatever_the_server_does) {
  for (const std::string_view word :
       {"silent", "late60000", "garbage", "wrongid", "deadtcp", "halftcp"}) {
    const auto began = Time::now();
    const DnsAnswer answer =
        ask(fmt::format("{}.corp.example", word), Deadline::in(milliseconds{200}));
    EXPECT_LT(Time::now() - began, soon) << word;
    EXPECT_EQ(shown(answer), "temporary") << word;
    EXPECT_EQ(answer.problem, "no answer from the name servers in time") << word;
  }
  EXPECT_EQ(shown(ask("good.corp.example")), "ok: 192.0.2.1");
}

TEST_F(HostileDns, one_question_takes_no_longer_than_the_configured_timeout) {
  const auto hasty = resolver_over({server_.address()}, {}, seconds{1});
  const auto began = Time::now();
  EXPECT_EQ(hasty->query("silent.corp.example", RecordType::a, generous()).problem,
            "no answer from the name servers in time");
  EXPECT_LT(Time::now() - began, soon);
}

TEST_F(HostileDns, an_answer_after_the_deadline_is_there_for_the_next) {
  EXPECT_EQ(shown(ask("late2000.corp.example", Deadline::in(milliseconds{50}))), "temporary");
  EXPECT_EQ(shown(ask("late2000.corp.example")), "ok: 192.0.2.1");
  const int sent = server_.count("late2000.corp.example");
  EXPECT_EQ(shown(ask("late2000.corp.example")), "ok: 192.0.2.1");
  EXPECT_EQ(server_.count("late2000.corp.example"), sent);
}

TEST_F(HostileDns, equal_questions_are_sent_once) {
  std::vector<std::thread> threads;
  std::atomic<int> found = 0;
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([&] {
      if (ask("late300.corp.example").found()) ++found;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, 32);
  // The server is new to libunbound, which may ask it again before the 300 ms are over.
  EXPECT_LE(server_.count("late300.corp.example"), 8);
}

TEST_F(HostileDns, silence_about_some_names_delays_no_other) {
  ask("good.corp.example");
  for (int i = 0; i < 500; ++i) {
    resolver_->prefetch(fmt::format("silent{}.corp.example", i), RecordType::a);
    resolver_->prefetch(fmt::format("deadtcp{}.corp.example", i % 20), RecordType::a);
  }
  int delayed = 0;
  for (int i = 0; i < 20; ++i) {
    const auto began = Time::now();
    EXPECT_EQ(shown(ask(fmt::format("good{}.corp.example", i))), "ok: 192.0.2.1");
    delayed += Time::now() - began < silence ? 0 : 1;
  }
  EXPECT_LT(delayed, 5) << "more than a busy machine delays";
}

TEST_F(HostileDns, silence_about_some_names_is_not_held_against_the_server) {
  ask("good.corp.example");
  for (int i = 0; i < 30; ++i) {
    resolver_->prefetch(fmt::format("silent{}.corp.example", i), RecordType::a);
  }
  EXPECT_EQ(ask("silent0.corp.example").problem,
            "the name servers failed or did not answer (SERVFAIL)");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(shown(ask(fmt::format("good{}.corp.example", i))), "ok: 192.0.2.1");
  }
}

// Resolvers whose every question of the last seconds ended in silence, at different moments:
// nothing but the next answer tells whether the server lives.
TEST_F(HostileDns, silence_about_one_name_after_the_other_is_not_held_against_the_server) {
  constexpr int resolvers = 12;
  std::atomic<int> answered = 0;
  std::vector<std::jthread> threads;
  for (int one = 0; one < resolvers; ++one) {
    threads.emplace_back([&, one] {
      const auto resolver = resolver_over({server_.address()});
      for (int i = 0; i < 45 + 2 * one; ++i) {
        resolver->prefetch(fmt::format("silent{}x{}.corp.example", one, i), RecordType::mx);
        std::this_thread::sleep_for(milliseconds{150});
      }
      const std::string name = fmt::format("good{}.corp.example", one);
      if (!resolver->query(name, RecordType::mx, generous()).is_temporary()) ++answered;
    });
  }
  threads.clear();
  EXPECT_EQ(answered, resolvers);
}

TEST_F(HostileDns, too_many_questions_on_their_way_are_refused_at_once) {
  ask("good.corp.example");
  for (int i = 0; i < 1024; ++i) {
    ask(fmt::format("silent{}.corp.example", i), Deadline::in({}));
  }
  const auto began = Time::now();
  const DnsAnswer answer = ask("silent.corp.example");
  EXPECT_LT(Time::now() - began, soon);
  EXPECT_EQ(answer.problem, "1024 questions are on their way already");
  EXPECT_EQ(shown(ask("good.corp.example")), "ok: 192.0.2.1") << "what is known needs no question";
}

TEST_F(HostileDns, what_is_only_expected_to_be_asked_leaves_half_of_the_places) {
  for (int i = 0; i < 2000; ++i) {
    resolver_->prefetch(fmt::format("silent{}.corp.example", i), RecordType::a);
  }
  EXPECT_EQ(shown(ask("good.corp.example")), "ok: 192.0.2.1");
  for (int i = 0; i < 512; ++i) {
    ask(fmt::format("silent{}.corp.example", 2000 + i), Deadline::in({}));
  }
  EXPECT_EQ(ask("good1.corp.example").problem, "1024 questions are on their way already");
}

TEST_F(HostileDns, a_process_with_few_descriptors_has_fewer_questions_on_their_way) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 200, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto frugal = resolver_over({server_.address()});
  for (int i = 0; i < 49; ++i) {
    frugal->query(fmt::format("silent{}.corp.example", i), RecordType::a, Deadline::in({}));
  }
  EXPECT_EQ(shown(frugal->query("good.corp.example", RecordType::a, generous())), "ok: 192.0.2.1");
  frugal->query("silent.corp.example", RecordType::a, Deadline::in({}));
  EXPECT_EQ(frugal->query("good1.corp.example", RecordType::a, generous()).problem,
            "50 questions are on their way already");
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(HostileDns, who_does_not_wait_is_told_of_every_end) {
  Guarded<std::vector<std::string>> told{{}};
  const auto tell = [&](const DnsAnswer& answer) {
    told.with([&](auto& all) { all.push_back(shown(answer)); });
  };
  const auto began = Time::now();
  resolver_->ask("bad..name", RecordType::a, tell);  // known at once
  resolver_->ask("silent.corp.example", RecordType::a, tell);
  for (int i = 0; i < 20; ++i) resolver_->ask("late300.corp.example", RecordType::a, tell);
  EXPECT_LT(Time::now() - began, soon);
  const auto count = [&] { return told.with([](const auto& all) { return all.size(); }); };
  const Deadline deadline = generous();
  while (count() < 21 && !deadline.passed()) std::this_thread::sleep_for(milliseconds{5});
  std::vector<std::string> expected(20, "ok: 192.0.2.1");
  expected.insert(expected.begin(), "no such name");
  EXPECT_EQ(told.with([](const auto& all) { return all; }), expected);
  EXPECT_EQ(resolver_->figures().on_their_way, 1u) << "one question for twenty who want it";
  while (count() < 22 && !deadline.passed()) std::this_thread::sleep_for(milliseconds{5});
  EXPECT_EQ(told.with([](const auto& all) { return all.back(); }), "temporary");
}

TEST_F(HostileDns, a_stop_does_not_wait_for_silent_servers) {
  Time::duration best = Time::duration::max();
  for (int tries = 0; tries < 3 && best >= silence; ++tries) {
    auto resolver = resolver_over({server_.address()});
    resolver->ask("silent.corp.example", RecordType::a,
                  [](const DnsAnswer&) { ADD_FAILURE() << "told of what was dropped"; });
    for (int i = 0; i < 200; ++i) {
      resolver->prefetch(fmt::format("silent{}.corp.example", i), RecordType::a);
      resolver->prefetch(fmt::format("late10{}.corp.example", i), RecordType::a);
      resolver->prefetch(fmt::format("deadtcp{}.corp.example", i), RecordType::a);
    }
    const auto began = Time::now();
    resolver.reset();
    best = std::min(best, Time::now() - began);
  }
  EXPECT_LT(best, silence);
}

TEST_F(HostileDns, a_server_that_answers_makes_up_for_those_that_do_not) {
  const NsdProcess nsd(Zones{{"corp.example", "host A 192.0.2.1\nmail A 192.0.2.2\n"}});
  // Nobody listens on the second.
  const auto resolver =
      resolver_over({server_.address(), *NameServer::parse("127.0.0.1:1"), nsd.address()});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(
        shown(resolver->query(fmt::format("silent{}.corp.example", i), RecordType::a, generous())),
        "no such name");
  }
}

TEST(DyingNameServer, is_noticed_and_so_is_its_return) {
  const Zones zones = {{"corp.example", "host A 192.0.2.1\n"}};
  auto nsd = std::make_unique<NsdProcess>(zones);
  const NameServer address = nsd->address();
  const auto resolver = resolver_over({address});
  const auto ask = [&](std::string_view name) {
    return shown(resolver->query(name, RecordType::a, generous()));
  };
  EXPECT_EQ(ask("host.corp.example"), "ok: 192.0.2.1");
  nsd.reset();
  EXPECT_EQ(ask("host.corp.example"), "ok: 192.0.2.1");
  for (int i = 0; i < 20; ++i) {
    resolver->prefetch(fmt::format("dead{}.corp.example", i), RecordType::a);
  }
  EXPECT_EQ(ask("dead0.corp.example"), "temporary");
  nsd = std::make_unique<NsdProcess>(zones, address.port);
  // The first question finds out; a name that failed is asked again when that was forgotten.
  std::string answer;
  const Deadline deadline = generous();
  for (int i = 0; answer != "no such name" && !deadline.passed(); ++i) {
    answer = ask(fmt::format("alive{}.corp.example", i));
  }
  EXPECT_EQ(answer, "no such name");
  while (ask("dead0.corp.example") != "no such name" && !deadline.passed()) {
    std::this_thread::sleep_for(milliseconds{50});
  }
  EXPECT_EQ(ask("dead0.corp.example"), "no such name");
}

}  // namespace
}  // namespace icm
