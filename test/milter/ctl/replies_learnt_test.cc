// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl replies summary, show, undo: what was learnt, as it is typed and answered.
#include "test/milter/ctl/command_runner.h"
#include "test/policy/learning/learner_fixture.h"

namespace icm::ctl {
namespace {

class LearntReplies : public LearnerTest {
 protected:
  Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), "replies");
    words.insert(words.end(), {"--config", conf_});
    return run_command(add_replies, words);
  }
  void learn_something() {
    config.replies.breaker.wait = 0s;
    answered("bob@icloud.com", gone);
    answered("ann@icloud.com", refused_way);
    taken();
    answered("eve@icloud.com", "550 is not to my taste");
    settle();
    learner.reset();
    book.reset();
  }

 private:
  std::string conf_ =
      directory
          .write("milter.conf",
                 fmt::format("store: {{path: {}}}\nreplies: {{book: {}}}\n"
                             "egress: {{addresses: [192.0.2.1]}}\n",
                             config.store.path, directory.path().string() + "/replies.db"))
          .string();
};

TEST_F(LearntReplies, are_summed_up_for_people_and_for_programs) {
  learn_something();
  const Outcome text = run({"summary", "--since", "2026-11-20"});
  EXPECT_EQ(text.exit, 0) << text.err;
  EXPECT_EQ(text.out,
            "replies: observe, 4 answers since 2026-11-20 00:00:00Z\n"
            "1 answer is not known: icloud-milterctl replies show unknown\n"
            "\n"
            "ANSWER                  TIMES  PERCENT  CLASS           ACTION\n"
            "address-does-not-exist      1     25.0  recipient-gone  suppress-address\n"
            "generic-5xx                 1     25.0  unknown         sample-alert\n"
            "ok-queued                   1     25.0  success         record-success\n"
            "proofpoint-blocked          1     25.0  reputation-ip   stop-destination-alert\n"
            "\n"
            "LEAVES BY  WOULD BE                                    SINCE                 WHY\n"
            "192.0.2.1  stopped since 2026-11-21 08:00:00Z, probed  2026-11-21 08:00:00Z  550 "
            "5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1\n"
            "\n"
            "LAST                  TIMES  ENTRY               ALERT\n"
            "2026-11-21 08:00:00Z      1  proofpoint-blocked  Apple takes no mail from 192.0.2.1\n"
            "2026-11-21 08:00:00Z      1  generic-5xx         Apple gave an answer that is not "
            "known\n");
  const Outcome json = run({"summary", "--since", "2026-11-21", "--json"});
  EXPECT_EQ(json.exit, 0) << json.err;
  EXPECT_NE(json.out.find(R"("answers":4,"waiting_addresses":0,"unknown_answers":1,"entries":[)"
                          R"({"id":"address-does-not-exist","class":"recipient-gone",)"
                          R"("action":"suppress-address","answers":1},)"),
            std::string::npos)
      << json.out;
}

TEST_F(LearntReplies, are_shown_by_address_and_by_entry) {
  learn_something();
  EXPECT_EQ(run({"show", "Bob@icloud.com", "--json"}).out,
            R"({"address":"bob@icloud.com","cause":"recipient-gone","id":"address-does-not-exist",)"
            R"("reply":"550 5.1.1 <bob@icloud.com>: user does not exist","queue_id":"4Nb2",)"
            R"("first":"2026-11-21T08:00:00.000Z","last":"2026-11-21T08:00:00.000Z","count":1,)"
            R"("suspended":0,"state":"decided"})"
            "\n");
  EXPECT_EQ(run({"show", "nobody@icloud.com"}),
            (Outcome{1, "nobody@icloud.com: nothing is held against it\n", ""}));
  const Outcome entry = run({"show", "proofpoint-blocked"});
  EXPECT_EQ(entry.exit, 0);
  EXPECT_TRUE(entry.out.starts_with("What happened: Apple takes no mail from 192.0.2.1.\n"))
      << entry.out;
  EXPECT_NE(entry.out.find("  IP addresses: 192.0.2.1\n"), std::string::npos);
  EXPECT_NE(run({"show", "unknown"}).out.find("550 is not to my taste"), std::string::npos);
  const Outcome wrong = run({"show", "HCM3"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_NE(wrong.err.find("expected an address, an entry of the reply table, or unknown, got "
                           "\"HCM3\""),
            std::string::npos)
      << wrong.err;
}

TEST_F(LearntReplies, are_taken_back_for_the_time_of_an_outage) {
  learn_something();
  ASSERT_EQ(standing().size(), 1u);
  const std::vector<std::string> undo = {"undo",
                                         "--pattern",
                                         "address-does-not-exist",
                                         "--since",
                                         "2026-11-21T07:00:00Z",
                                         "--until",
                                         "2026-11-21T09:00:00Z",
                                         "--because",
                                         "outage"};
  std::vector<std::string> trial = undo;
  trial.push_back("--dry-run");
  EXPECT_EQ(run(trial).out,
            "nothing was changed; it would be: 1 removed, 0 standing again as before, 0 left alone "
            "since somebody else has changed or removed them\n"
            "nothing was changed; it would be: what these answers count for 1 address is "
            "forgotten\nthe same without --dry-run does it\n");
  EXPECT_EQ(standing().size(), 1u);
  const Outcome done = run(undo);
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_EQ(done.out,
            "1 removed, 0 standing again as before, 0 left alone since somebody else has changed "
            "or removed them\nwhat these answers count for 1 address is forgotten\n"
            "mail to them goes again from the next message on; the history of each keeps what "
            "stood there (icloud-milterctl suppress show ADDRESS)\n");
  EXPECT_EQ(standing(), std::vector<Suppression>{});
  EXPECT_EQ(run({"show", "bob@icloud.com"}).exit, 1);
}

TEST_F(LearntReplies, say_so_when_nothing_was_learnt_yet) {
  learner.reset();
  book.reset();
  std::filesystem::remove(directory.path() / "replies.db");
  const Outcome outcome = run({"summary"});
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_NE(outcome.err.find("nothing was learnt yet: there is no such file; it is made by "
                             "icloud-milterctl replies follow"),
            std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace icm::ctl
