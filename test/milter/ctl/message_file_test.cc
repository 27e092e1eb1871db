// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/message_file.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl {
namespace {

// What a sink got, in one string: "name|value\n" for each field, "--\n", the body.
class Recorder final : public MessageSink {
 public:
  void header(std::string_view name, std::string_view value) override {
    EXPECT_FALSE(in_body_);
    got_ += std::string(name) + "|" + std::string(value) + "\n";
  }
  void end_of_header() override {
    EXPECT_FALSE(in_body_);
    in_body_ = true;
    got_ += "--\n";
  }
  void body(std::string_view chunk) override {
    EXPECT_TRUE(in_body_);
    EXPECT_FALSE(chunk.empty());
    EXPECT_LE(chunk.size(), 65536u);
    got_ += chunk;
  }
  const std::string& got() const { return got_; }

 private:
  bool in_body_ = false;
  std::string got_;
};

std::string split(std::string_view file, std::size_t piece = 1000, std::size_t longest = 1000) {
  Recorder recorder;
  MessageSplitter splitter(recorder, longest);
  while (!file.empty()) {
    splitter.feed(file.substr(0, piece));
    file.remove_prefix(std::min(piece, file.size()));
  }
  splitter.finish();
  return recorder.got();
}

TEST(MessageSplitter, takes_a_message_with_the_line_ends_of_this_system) {
  EXPECT_EQ(split("From: a@b\nSubject: one\n two\n\tthree\nX:\n\nHello\n\nworld\n"),
            "From| a@b\n"
            "Subject| one\n two\n\tthree\n"
            "X|\n"
            "--\n"
            "Hello\r\n\r\nworld\r\n");
}

TEST(MessageSplitter, takes_a_message_as_it_was_on_the_wire) {
  EXPECT_EQ(split("From: a@b\r\nSubject: one\r\n two\r\n\r\nHello\r\n"),
            "From| a@b\nSubject| one\n two\n--\nHello\r\n");
}

TEST(MessageSplitter, leaves_bare_line_ends_in_the_body_of_a_wire_message_alone) {
  EXPECT_EQ(split("A: b\r\n\r\none\ntwo\rthree\r\r\n\rfour\n"),
            "A| b\n--\none\ntwo\rthree\r\r\n\rfour\n");
}

TEST(MessageSplitter, leaves_a_bare_cr_in_a_file_with_lf_alone) {
  // A CRLF beyond the first 64 KiB does not change what the file is.
  const std::string filler(70000, 'x');
  EXPECT_EQ(split("A: b\rc\n\none\rtwo\n" + filler + "\r\nend\n"),
            "A| b\rc\n--\none\rtwo\r\n" + filler + "\r\nend\r\n");
}

TEST(MessageSplitter, ends_header_lines_at_lf_in_both_kinds) {
  EXPECT_EQ(split("A: b\nC: d\r\n\nbody\r\n"), "A| b\nC| d\n--\nbody\r\n");
}

TEST(MessageSplitter, ends_the_last_line_where_the_file_does_not) {
  EXPECT_EQ(split("A: b\n\nend"), "A| b\n--\nend\r\n");
  EXPECT_EQ(split("A: b\r\n\r\nend\r"), "A| b\n--\nend\r\r\n");
  EXPECT_EQ(split("A: b"), "A| b\n--\n");
  EXPECT_EQ(split("A: b\n"), "A| b\n--\n");
  EXPECT_EQ(split("A: b\n\n"), "A| b\n--\n");
  EXPECT_EQ(split("\nend\n"), "--\nend\r\n");
  EXPECT_EQ(split(""), "--\n");
}

TEST(MessageSplitter, passes_over_the_from_line_of_an_mbox) {
  EXPECT_EQ(split("From a@b Sat Nov 21 08:15:30 2026\nA: b\n\n"), "A| b\n--\n");
  EXPECT_EQ(split(">From a@b Sat Nov 21 08:15:30 2026\r\nA: b\r\n\r\n"), "A| b\n--\n");
  EXPECT_EQ(split("From : a@b\n\n"), "From| a@b\n--\n") << "RFC 5322 4.5 field, no mbox line";
  EXPECT_EQ(split("A: b\nFrom a@b Sat\n\n"), "A| b\n--\nFrom a@b Sat\r\n\r\n")
      << "only at the very top";
}

TEST(MessageSplitter, begins_the_body_at_a_line_that_is_no_field) {
  EXPECT_EQ(split("A: b\nno field\nC: d\n"), "A| b\n--\nno field\r\nC: d\r\n");
  EXPECT_EQ(split("A: b\r\nno field\r\nC: d\r\n"), "A| b\n--\nno field\r\nC: d\r\n");
  EXPECT_EQ(split(" A: b\n"), "--\n A: b\r\n");
  EXPECT_EQ(split(": b\n"), "--\n: b\r\n");
  EXPECT_EQ(split("N\xc3\xa4me: b\n"), "--\nN\xc3\xa4me: b\r\n");
  EXPECT_EQ(split("no field"), "--\nno field\r\n");
}

TEST(MessageSplitter, takes_blanks_before_the_colon) {
  EXPECT_EQ(split("Subject \t: x\n\n"), "Subject| x\n--\n");
}

TEST(MessageSplitter, keeps_every_octet_of_a_value) {
  const std::string value("\0\x01\xff:", 4);
  EXPECT_EQ(split("A:" + value + "\n\n" + value + "\n"), "A|" + value + "\n--\n" + value + "\r\n");
}

TEST(MessageSplitter, gives_the_same_whatever_the_chunks) {
  const std::string files[] = {
      "From x\nA: b\n c\r\n d\nE\t: f\n\nbody\r\nx\ry\n\r\n\nend",
      "A: b\r\n c\r\r\n\r\nbody\nx\ry\r\n\r\r\nend\n",
      "A: 12345678901234567890\n 1234567890\nB: 1\n123456789012345678901234567890\n",
      "12345678901234567890: b\n\n",
      "  1234567890123456789012345\nA: b\n",
  };
  for (const std::string& file : files) {
    const std::string whole = split(file, file.size(), 15);
    for (std::size_t piece = 1; piece < file.size(); ++piece) {
      ASSERT_EQ(split(file, piece, 15), whole) << file << " in pieces of " << piece;
    }
  }
}

TEST(MessageSplitter, drops_what_a_field_has_beyond_the_bound_and_nothing_of_the_body) {
  EXPECT_EQ(split("A: 34567890123\n 67\nB: x\n\n12345678901\n", 4, 10),
            "A| 3456789\nB| x\n--\n12345678901\r\n");
  EXPECT_EQ(split("12345678901234 no field\nrest\n", 4, 10),
            "--\n12345678901234 no field\r\nrest\r\n");
}

TEST(ReadMessage, reads_a_file_and_says_why_it_cannot) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("message.eml", "A: b\n\nbody\n");
  Recorder recorder;
  ASSERT_TRUE(read_message(path, 1000, recorder));
  EXPECT_EQ(recorder.got(), "A| b\n--\nbody\r\n");

  const std::string missing = directory.path() / "missing.eml";
  EXPECT_EQ(read_message(missing, 1000, recorder).error().text,
            missing + ": cannot open the message: No such file or directory");
  EXPECT_EQ(read_message(directory.path(), 1000, recorder).error().text,
            directory.path().string() + ": cannot read the message: Is a directory");
}

}  // namespace
}  // namespace icm::ctl
