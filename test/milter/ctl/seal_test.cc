// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl seal: where the set is put, and what is refused.
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "milter/ctl/command.h"
#include "policy/auth/crypto.h"
#include "test/milter/ctl/command_runner.h"
#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

class SealTest : public testing::Test {
 protected:
  SealTest() {
    static const std::string pem = PrivateKey::generate(KeyType::rsa, 2048)->to_pem();
    key_ = directory_.write("arc.pem", pem);
    std::filesystem::permissions(key_, std::filesystem::perms::owner_read);
    zone_ = directory_.write("zone.json", "{}");
  }
  Outcome run(const std::string& message) const {
    return run_command(add_seal,
                       {"seal", message, "--key", key_, "--domain", "d.example", "--selector", "s",
                        "--authserv-id", "mx.d.example", "--timestamp", "1", "--zone", zone_});
  }
  // What became of a message, with the three fields of the set cut down to "[set]".
  std::string sealed(std::string_view message) const {
    const Outcome outcome = run(directory_.write("m.eml", message));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    const std::size_t begin = outcome.out.find("ARC-Seal:");
    const std::string_view last = "ARC-Authentication-Results: i=1; mx.d.example; none";
    const std::size_t end = outcome.out.find(last);
    if (begin == std::string::npos || end == std::string::npos) return outcome.out;
    std::string text = outcome.out;
    return text.replace(begin, end + last.size() - begin, "[set]");
  }
  std::string path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  std::filesystem::path key_;
  std::filesystem::path zone_;
};

TEST_F(SealTest, puts_the_set_on_top_in_the_line_ends_of_the_message) {
  EXPECT_EQ(sealed("Subject: x\n\nb\n"), "[set]\nSubject: x\n\nb\n");
  EXPECT_EQ(sealed("Subject: x\r\n\r\nb\r\n"), "[set]\r\nSubject: x\r\n\r\nb\r\n");
}

TEST_F(SealTest, leaves_the_first_line_of_an_mbox_the_first) {
  EXPECT_EQ(sealed("From a Sat Nov 21\nSubject: x\n\nb\n"),
            "From a Sat Nov 21\n[set]\nSubject: x\n\nb\n");
}

TEST_F(SealTest, gives_a_message_without_a_header_the_line_that_parts_it_from_the_body) {
  EXPECT_EQ(sealed("body alone\n"), "[set]\n\nbody alone\n");
  EXPECT_EQ(sealed("\nbody alone\n"), "[set]\n\nbody alone\n");
  EXPECT_EQ(sealed(""), "[set]\n\n");
}

TEST_F(SealTest, says_what_it_cannot_read) {
  EXPECT_EQ(run(path()), (Outcome{.exit = 2,
                                  .out = {},
                                  .err = "icloud-milterctl: " + path() +
                                         ": cannot read the message: Is a directory\n"}));
  EXPECT_EQ(run(path() + "/none.eml"),
            (Outcome{.exit = 2,
                     .out = {},
                     .err = "icloud-milterctl: " + path() +
                            "/none.eml: cannot open the message: No such file or directory\n"}));
}

TEST_F(SealTest, reads_no_message_without_end) {
  EXPECT_EQ(
      run("/dev/zero"),
      (Outcome{.exit = 2, .out = {}, .err = "icloud-milterctl: /dev/zero: larger than 256 MiB\n"}));
}

}  // namespace
}  // namespace icm::ctl
