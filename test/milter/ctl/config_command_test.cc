// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl config, word by word as it is typed and answered.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "policy/base/clock.h"
#include "policy/config/config_reader.h"
#include "policy/config/config_reference.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

struct Answer {
  Exit exit = Exit::usage;
  std::string out;
  std::string err;
};

Answer run(std::vector<std::string> words) {
  CLI::App app("test");
  Chosen chosen;
  add_config(app, chosen);
  std::reverse(words.begin(), words.end());  // as CLI11 wants a vector
  app.parse(words);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Answer answer;
  answer.exit = chosen();
  answer.out = testing::internal::GetCapturedStdout();
  answer.err = testing::internal::GetCapturedStderr();
  return answer;
}

class ConfigCommand : public testing::Test {
 protected:
  std::string write(std::string_view name, std::string_view text) {
    return directory_.write(name, text).string();
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(ConfigCommand, check_of_a_good_file_says_so_in_one_line) {
  const std::string file =
      write("milter.conf", "format: {mode: enforce}\negress: {addresses: [192.0.2.7]}\n");
  const Answer answer = run({"config", "check", file});
  EXPECT_EQ(answer.exit, Exit::done);
  EXPECT_EQ(answer.out, file + ": no errors\n");
  EXPECT_EQ(answer.err, "");
}

TEST_F(ConfigCommand, check_looks_at_the_files_of_keys) {
  const std::string file = write("milter.conf",
                                 "egress: {addresses: [192.0.2.7]}\n"
                                 "arrival: {covered: yes}\n"
                                 "arc_sealing:\n"
                                 "  mode: enforce\n"
                                 "  keys:\n"
                                 "    - {domain: a.example, selector: s, file: /nowhere/a.pem}\n"
                                 "    - {domain: b.example, selector: s, file: \"credential:b\",\n"
                                 "       recipients: [me.com]}\n");
  const Answer answer = run({"config", "check", file});
  EXPECT_EQ(answer.exit, Exit::done);
  EXPECT_EQ(answer.out, file + ": no errors, 1 warning\n");
  EXPECT_EQ(answer.err,
            file +
                ": warning: arc_sealing.keys[1].file: /nowhere/a.pem: there is no such file; "
                "\"icloud-milterctl keys generate\" makes a key\n");
}

TEST_F(ConfigCommand, check_counts_warnings_and_is_done) {
  const std::string file = write(
      "milter.conf", "format: {mode: enforce, percent: 0}\negress: {addresses: [192.0.2.7]}\n");
  const Answer answer = run({"config", "check", file});
  EXPECT_EQ(answer.exit, Exit::done);
  EXPECT_EQ(answer.out, file + ": no errors, 1 warning\n");
  EXPECT_EQ(
      answer.err,
      file + ":1:34: warning: format.percent: 0 enforces on no message; observe says the same\n");
}

TEST_F(ConfigCommand, check_warns_of_a_way_out_that_nobody_knows) {
  const std::string file = write("milter.conf", "");
  const Answer answer = run({"config", "check", file});
  EXPECT_EQ(answer.exit, Exit::done);
  EXPECT_EQ(answer.out, file + ": no errors, 1 warning\n");
  EXPECT_EQ(answer.err, file +
                            ": warning: egress.addresses: none, so SPF and reverse DNS are not "
                            "judged; write the addresses that mail leaves from, as Apple sees "
                            "them: [192.0.2.7, \"2001:db8::7\"]\n");
}

TEST_F(ConfigCommand, check_tells_every_mistake_and_is_refused) {
  const std::string file = write("milter.conf",
                                 "limits:\n"
                                 "  drain: sixty\n"
                                 "  dran: 5s\n"
                                 "  drain: 5s\n");
  const Answer answer = run({"config", "check", file});
  EXPECT_EQ(answer.exit, Exit::refused);
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(answer.err, file +
                            ":2:10: limits.drain: expected a span from 0s to 10m, as 90s, 15m, "
                            "12h, 7d or 2w, got \"sixty\"\n" +
                            file + ":3:3: limits.dran: unknown option; did you mean \"drain\"?\n" +
                            file +
                            ":4:3: limits.drain: given twice, first at line 2\n"
                            "3 errors; configuration not loaded\n");
}

TEST_F(ConfigCommand, check_of_a_missing_file_is_refused) {
  const Answer answer = run({"config", "check", "/nonexistent/milter.conf"});
  EXPECT_EQ(answer.exit, Exit::refused);
  EXPECT_EQ(answer.err,
            "/nonexistent/milter.conf: cannot be read: No such file or directory\n"
            "1 error; configuration not loaded\n");
}

TEST_F(ConfigCommand, show_prints_a_configuration_of_the_same_effect) {
  const std::string file =
      write("milter.conf", "format: {mode: enforce}\nroles: {direct: [SUBMISSION]}\n");
  const Answer answer = run({"config", "show", file});
  EXPECT_EQ(answer.exit, Exit::done);
  EXPECT_TRUE(answer.out.starts_with(
      "socket:\n  address: unix:/var/spool/postfix/icloud-milter/milter.sock\n"))
      << answer.out;
  const Answer same = run({"config", "diff", file, write("shown.conf", answer.out)});
  EXPECT_EQ(same.out, "nothing differs\n");
}

TEST_F(ConfigCommand, show_as_json_is_typed_and_a_configuration_too) {
  const std::string file =
      write("milter.conf",
            "socket: {mode: 600}\n"
            "arrival: {covered: on, trusted_networks: [192.0.2.0/24]}\n"
            "streams: [{name: \"010\", header: \"X-A: \\\"b\\\"\"}, {name: b, logins: [x]}]\n"
            "format: {mode: off, percent: 7, rules: {nul: observe}}\n");
  const Answer answer = run({"config", "show", "--json", file});
  EXPECT_EQ(answer.exit, Exit::done);
  for (const std::string_view part :
       {"\"mode\": \"0600\"", "\"covered\": true",
        "\"trusted_networks\": [\n      \"192.0.2.0/24\"\n    ]", "\"name\": \"010\"",
        "\"header\": \"X-A: \\\"b\\\"\"", "\"mode\": \"off\"", "\"percent\": 7",
        "\"rules\": {\n      \"nul\": \"observe\"\n    }", "\"max_size\": 28319744",
        "\"drain\": \"30s\""}) {
    EXPECT_NE(answer.out.find(part), std::string::npos) << part << "\nin\n" << answer.out;
  }
  const std::string shown = write("shown.conf", answer.out);
  EXPECT_EQ(run({"config", "diff", file, shown}).out, "nothing differs\n");
  EXPECT_EQ(run({"config", "show", "--json", shown}).out, answer.out);
}

TEST_F(ConfigCommand, show_and_diff_of_a_bad_file_end_as_check_of_it_does) {
  const std::string bad = write("bad.conf", "x: 1\n");
  const std::string good = write("good.conf", "");
  for (const std::string_view word : {"check", "show", "diff"}) {
    EXPECT_EQ(run({"config", std::string(word), "/nonexistent/milter.conf"}).exit, Exit::refused);
  }
  const std::string told = bad +
                           ":1:1: x: unknown section; \"icloud-milterctl config example\" has them "
                           "all\n1 error; configuration not loaded\n";
  for (const std::vector<std::string>& words : {std::vector<std::string>{"config", "check", bad},
                                                {"config", "show", bad},
                                                {"config", "diff", bad},
                                                {"config", "diff", good, bad},
                                                {"config", "diff", bad, good}}) {
    const Answer answer = run(words);
    EXPECT_EQ(answer.exit, Exit::refused);
    EXPECT_EQ(answer.out, "");
    EXPECT_EQ(answer.err, told);
  }
}

TEST_F(ConfigCommand, diff_of_one_file_is_what_it_changes_of_the_defaults) {
  const std::string file = write("milter.conf",
                                 "format:\n  mode: enforce\n  percent: 10\n  on_error: accept\n"
                                 "streams:\n  - {name: news, logins: [x]}\n");
  const Answer answer = run({"config", "diff", file});
  EXPECT_EQ(answer.exit, Exit::done);
  EXPECT_EQ(answer.out,
            "streams[news]: none -> {name: news, kind: bulk, logins: [x], unsubscribe: none}\n"
            "format.mode: observe -> enforce\n"
            "format.percent: 100 -> 10\n");
  EXPECT_EQ(run({"config", "diff", write("empty.conf", "")}).out,
            "nothing differs from the defaults\n");
}

TEST_F(ConfigCommand, diff_of_two_files_goes_from_the_first_to_the_second) {
  const std::string first = write("a.conf", "limits: {drain: 1m}\n");
  const std::string second = write("b.conf", "limits: {drain: 90s}\n");
  EXPECT_EQ(run({"config", "diff", first, second}).out, "limits.drain: 1m -> 90s\n");
}

TEST_F(ConfigCommand, example_is_a_configuration_that_changes_nothing) {
  const Answer answer = run({"config", "example"});
  EXPECT_EQ(answer.exit, Exit::done);
  EXPECT_EQ(answer.out, config_example());
  EXPECT_EQ(run({"config", "diff", write("example.conf", answer.out)}).out,
            "nothing differs from the defaults\n");
}

TEST_F(ConfigCommand, needs_to_be_told_what_to_do) {
  CLI::App app("test");
  Chosen chosen;
  add_config(app, chosen);
  EXPECT_THROW(app.parse(std::vector<std::string>{"config"}), CLI::RequiredError);
}

}  // namespace
}  // namespace icm::ctl
