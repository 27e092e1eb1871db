// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_file.h"

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "policy/base/handle.h"

namespace icm::ctl {
namespace {

void close_file(std::FILE* file) { std::fclose(file); }
using File = Handle<std::FILE, close_file>;

File file_of(std::string_view content) {
  File file(std::tmpfile());
  if (!file) throw std::runtime_error("no temporary file");
  std::fwrite(content.data(), 1, content.size(), file.get());
  std::rewind(file.get());
  return file;
}

Suppression defaults() {
  Suppression entry;
  entry.scope = "global";
  entry.source = "import:list.csv";
  entry.created = *parse_time("2026-11-21T08:00:00Z");
  return entry;
}

// What a file says: an entry or a complaint a line, in its order.
std::string read(std::string_view content, FileFormat format = FileFormat::automatic) {
  const File file = file_of(content);
  EntryFile entries(file.get(), "list.csv", format, defaults());
  if (const Status begun = entries.begin(); !begun) return begun.error().text;
  std::string told;
  for (;;) {
    const auto entry = entries.next();
    if (!entry) {
      told += fmt::format("{}: {}\n", entries.place(), entry.error().text);
      if (entry.error().code != Code::syntax) return told;
      continue;
    }
    if (!*entry) return told;
    const Suppression& found = **entry;
    told +=
        fmt::format("{} {} {} {} {} {}|{}\n", found.address, to_string(found.reason), found.scope,
                    to_rfc3339(found.created), found.expires ? to_rfc3339(*found.expires) : "never",
                    found.source, found.note);
  }
}

constexpr std::string_view rest =
    " manual global 2026-11-21T08:00:00.000Z never import:list.csv|\n";

std::string entry(std::string_view address) { return fmt::format("{}{}", address, rest); }

std::vector<CsvField> fields(std::vector<std::string> texts) {
  std::vector<CsvField> made;
  for (std::string& text : texts) made.push_back({.text = std::move(text), .is_quoted = false});
  return made;
}

// ---- lines of CSV ----

TEST(SplitCsv, cuts_at_commas_and_keeps_blanks) {
  std::vector<CsvField> found;
  struct Case {
    std::string_view line;
    std::vector<std::string> texts;
  };
  for (const auto& [line, texts] :
       {Case{"", {""}}, Case{"a", {"a"}}, Case{"a,b,c", {"a", "b", "c"}}, Case{",", {"", ""}},
        Case{" a , b ", {" a ", " b "}}}) {
    ASSERT_TRUE(split_csv(line, found)) << line;
    EXPECT_EQ(found, fields(texts)) << line;
  }
}

TEST(SplitCsv, reads_quoted_fields) {
  std::vector<CsvField> found;
  ASSERT_TRUE(split_csv(R"("a,b","say ""no""","",x)", found));
  EXPECT_EQ(found,
            (std::vector<CsvField>{{"a,b", true}, {"say \"no\"", true}, {"", true}, {"x", false}}));
  ASSERT_TRUE(split_csv("y", found)) << "what was there before is gone";
  EXPECT_EQ(found, fields({"y"}));
}

TEST(SplitCsv, says_what_is_wrong_with_quotes) {
  std::vector<CsvField> found;
  struct Case {
    std::string_view line;
    std::string_view told;
  };
  for (const auto& [line, told] :
       {Case{"a,\"b", "expected a closing quote on the same line, found none"},
        Case{"\"", "expected a closing quote on the same line, found none"},
        Case{"\"a\"\"", "expected a closing quote on the same line, found none"},
        Case{"\"a\"b,c", "expected a comma after the closing quote of column 1, found \"b\""},
        Case{"a,\"b\" ,c", "expected a comma after the closing quote of column 2, found \" \""},
        Case{"a,b\"c\"", "expected quotes around the whole of column 2, found one inside"}}) {
    const Status split = split_csv(line, found);
    ASSERT_FALSE(split) << line;
    EXPECT_EQ(split.error(), (Error{Code::syntax, std::string(told)})) << line;
  }
}

// ---- plain files ----

TEST(PlainFile, has_an_address_a_line) {
  EXPECT_EQ(read("bob@icloud.com\n<Eve@ME.com>\n  joe@mac.com  \n"),
            entry("bob@icloud.com") + entry("eve@me.com") + entry("joe@mac.com"));
}

TEST(PlainFile, skips_empty_lines_and_comments) {
  EXPECT_EQ(read("# a list\n\n#\n   \nbob@icloud.com\n  # more\n#bob@icloud.com\n"),
            entry("bob@icloud.com") + entry("#bob@icloud.com"))
      << "\"#\" may begin an address (RFC 5322 section 3.2.3)";
}

TEST(PlainFile, takes_crlf_and_a_last_line_without_end) {
  EXPECT_EQ(read("bob@icloud.com\r\n\r\neve@me.com"),
            entry("bob@icloud.com") + entry("eve@me.com"));
}

TEST(PlainFile, takes_a_byte_order_mark) {
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "bob@icloud.com\n"),
            entry("bob@icloud.com"));
}

TEST(PlainFile, names_each_bad_line_and_goes_on) {
  EXPECT_EQ(read("bob@icloud.com\nbob\n\neve@me.com\na b@me.com\n"),
            entry("bob@icloud.com") + "list.csv:2: address \"bob\": has no \"@\"\n" +
                entry("eve@me.com") +
                "list.csv:5: address \"a b@me.com\": the local part must be atoms joined by single "
                "dots, or quoted\n");
}

TEST(PlainFile, that_is_said_to_be_plain_has_no_header_line) {
  EXPECT_EQ(read("email\nbob@icloud.com\n", FileFormat::plain),
            "list.csv:1: address \"email\": has no \"@\"\n" + entry("bob@icloud.com"));
}

TEST(PlainFile, may_be_empty) {
  for (const std::string_view content : {"", "\n", "\r\n", "\xef\xbb\xbf", "# nothing\n"}) {
    for (const FileFormat format : {FileFormat::automatic, FileFormat::csv, FileFormat::plain}) {
      EXPECT_EQ(read(content, format), "") << content;
    }
  }
}

// ---- CSV files ----

TEST(CsvFile, is_known_by_a_column_of_addresses) {
  EXPECT_EQ(read("address\nbob@icloud.com\n"), entry("bob@icloud.com"));
  EXPECT_EQ(read("# from the shop\n\nnote, EMail \r\nx,bob@icloud.com\r\n"),
            "bob@icloud.com manual global 2026-11-21T08:00:00.000Z never import:list.csv|x\n");
}

TEST(CsvFile, has_all_that_an_entry_has) {
  EXPECT_EQ(
      read("address,reason,scope,created,expires,source,note\n"
           "Bob@iCloud.com,unsubscribe,list:News.Shop.Example,2026-11-01T10:00:00+02:00,,crm,\n"
           "eve@me.com,suspended,stream:shop,2026-11-01,2026-12-01,crm,\"full, \"\"552\"\"\"\n"),
      "bob@icloud.com unsubscribe list:news.shop.example 2026-11-01T08:00:00.000Z never crm|\n"
      "eve@me.com suspended stream:shop 2026-11-01T00:00:00.000Z 2026-12-01T00:00:00.000Z "
      "crm|full, \"552\"\n");
}

TEST(CsvFile, takes_columns_in_any_order_and_defaults_for_empty_fields) {
  EXPECT_EQ(read("reason,address,note\n,bob@icloud.com,\nmanual,eve@me.com,\"\"\n"),
            entry("bob@icloud.com") + entry("eve@me.com"));
}

TEST(CsvFile, names_each_bad_line_and_goes_on) {
  EXPECT_EQ(
      read("address,reason,scope,expires\n"
           "bob@icloud.com,gone,,\n"
           "bob@icloud.com,,shop,\n"
           "bob@icloud.com,,,soon\n"
           "bob@icloud.com,,\n"
           "bob@icloud.com,,,,\n"
           ",manual,,\n"
           "\"bob@icloud.com,,,\n"
           "\n"
           "eve@me.com,,,\n"),
      "list.csv:2: reason: expected one of unsubscribe, complaint, hard-bounce, relay-off, "
      "suspended, manual, erasure; found \"gone\"\n"
      "list.csv:3: scope: expected global, stream:NAME or list:ID of at most 255 printable octets "
      "without blanks, found \"shop\"\n"
      "list.csv:4: expires: expected a time such as 2026-11-21T08:15:30Z, 2026-11-21 or "
      "@1763712930, got \"soon\"\n"
      "list.csv:5: expected 4 columns as in the header line, found 3\n"
      "list.csv:6: expected 4 columns as in the header line, found 5\n"
      "list.csv:7: address \"\": has no \"@\"\n"
      "list.csv:8: expected a closing quote on the same line, found none\n" +
          entry("eve@me.com"));
}

TEST(CsvFile, is_refused_whole_for_its_header_line) {
  for (const auto& [content, told] :
       {std::pair{"address,colour\n",
                  "list.csv:1: expected columns named address, reason, scope, created, expires, "
                  "source or note, separated by commas; found \"colour\""},
        {"\naddress;reason\n",
         "list.csv:2: expected columns named address, reason, scope, created, expires, source or "
         "note, separated by commas; found \"address;reason\""},
        {"address,note,Email\n", "list.csv:1: expected each column once, found \"email\" again"},
        {"address,note,note\n", "list.csv:1: expected each column once, found \"note\" again"},
        {"reason,note\n", "list.csv:1: expected a column named address, found none"},
        {"address,\"note\n",
         "list.csv:1: expected a closing quote on the same line, found none"}}) {
    EXPECT_EQ(read(content, FileFormat::csv), told) << content;
  }
  EXPECT_EQ(read("address,colour\n"),
            "list.csv:1: expected columns named address, reason, scope, created, expires, source "
            "or note, separated by commas; found \"colour\"");
}

TEST(CsvFile, tells_whether_it_has_only_addresses) {
  struct Case {
    std::string_view content;
    bool only_addresses;
  };
  for (const auto& [content, only_addresses] :
       {Case{"email\nbob@icloud.com\n", true}, Case{"email,note\n", false},
        Case{"bob@icloud.com\n", true}, Case{"", true}}) {
    const File file = file_of(content);
    EntryFile entries(file.get(), "list.csv", FileFormat::automatic, defaults());
    ASSERT_TRUE(entries.begin());
    EXPECT_EQ(entries.has_only_addresses(), only_addresses) << content;
  }
}

// ---- hostile files ----

TEST(EntryFile, of_utf16_is_refused_with_the_remedy) {
  for (const std::string_view mark : {"\xff\xfe", "\xfe\xff"}) {
    EXPECT_EQ(read(std::string(mark) + std::string("b\0o\0b\0", 6)),
              "list.csv: expected UTF-8, found UTF-16; save the file as UTF-8");
  }
}

TEST(EntryFile, has_bad_lines_where_they_are_too_long_in_bounded_memory) {
  const std::string longest(max_line_octets, 'x');
  const std::string told = "expected a line of at most 16384 octets\n";
  EXPECT_EQ(
      read("bob@icloud.com\n" + longest + "x\n" + std::string(1 << 20, 'y') + "\neve@me.com\n"),
      entry("bob@icloud.com") + "list.csv:2: " + told + "list.csv:3: " + told +
          entry("eve@me.com"));
  EXPECT_EQ(read("bob@icloud.com\n" + longest + "\r\n" + longest),
            entry("bob@icloud.com") + "list.csv:2: address \"" + std::string(80, 'x') +
                "...\": has 16384 octets, at most 254 are allowed\nlist.csv:3: address \"" +
                std::string(80, 'x') + "...\": has 16384 octets, at most 254 are allowed\n")
      << "its line end is no part of a line";
  EXPECT_EQ(read(longest + "x\n"), "list.csv:1: expected a line of at most 16384 octets");
}

// Who prints the complaint cleans it.
TEST(EntryFile, may_hold_any_octets) {
  EXPECT_EQ(read(std::string("b\0b@icloud.com\n\x80@me.com\nbob@icloud.com\n", 38)),
            std::string("list.csv:1: address \"b\0b@icloud.com\"", 36) +
                ": the local part must be atoms joined by single dots, or quoted\n"
                "list.csv:2: address \"\x80@me.com\": is not UTF-8\n" +
                entry("bob@icloud.com"));
}

TEST(EntryFile, of_many_lines_is_read_across_its_pieces) {
  std::string content;
  std::string told;
  for (int i = 0; i < 30000; ++i) {
    content += fmt::format("user{}@icloud.com{}\n", i, i % 3 == 0 ? "\r" : "");
    told += entry(fmt::format("user{}@icloud.com", i));
  }
  EXPECT_EQ(read(content), told);
}

TEST(EntryFile, that_cannot_be_read_says_so) {
  const File directory(std::fopen("/", "r"));
  ASSERT_TRUE(directory);
  EntryFile entries(directory.get(), "/", FileFormat::automatic, defaults());
  const Status begun = entries.begin();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error(), (Error{Code::temporary, "/: cannot be read: Is a directory"}));
}

TEST(FileFormat, is_one_of_three_words) {
  EXPECT_EQ(read_file_format("").value(), FileFormat::automatic);
  EXPECT_EQ(read_file_format("auto").value(), FileFormat::automatic);
  EXPECT_EQ(read_file_format("csv").value(), FileFormat::csv);
  EXPECT_EQ(read_file_format("plain").value(), FileFormat::plain);
  EXPECT_EQ(read_file_format("json").error(),
            (Error{Code::syntax, "format: expected auto, csv or plain, found \"json\""}));
}

}  // namespace
}  // namespace icm::ctl
